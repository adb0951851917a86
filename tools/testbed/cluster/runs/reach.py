# SPDX-License-Identifier: Apache-2.0
"""NetworkPolicies in force: who may reach a port does, and who may not does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from testbed.cluster.kubernetes import Cluster
from testbed.cluster.policies import enforce, lift

_TRY: Final = """
import socket, sys
try:
    socket.create_connection(("{host}", {port}), 5).close(); print("open")
except OSError:
    print("closed")
"""
WAYS: Final[Sequence[tuple[str, str, int, str]]] = (
    ("default", "chat-api.default", 8000, "open"),
    ("stranger", "chat-api.default", 8000, "open"),
    ("default", "inference.default", 8000, "open"),
    ("stranger", "inference.default", 8000, "closed"),
    ("monitoring", "chat-api-admin.default", 9464, "open"),
    ("default", "chat-api-admin.default", 9464, "closed"),
    ("stranger", "chat-api-admin.default", 9464, "closed"),
    ("default", "otel-otel-collector-agent.monitoring", 4318, "open"),
    ("default", "otel-otel-collector-gateway.monitoring", 4318, "open"),
    ("monitoring", "otel-otel-collector-gateway.monitoring", 8888, "open"),
    ("default", "otel-otel-collector-gateway.monitoring", 8888, "closed"),
    ("stranger", "otel-otel-collector-gateway.monitoring", 8888, "closed"),
)
"""Namespace of who asks, Service, port, what is to be found."""


def reach(cluster: Cluster) -> str:
    """Try every way from a pod of three namespaces."""
    cluster.kubectl("create", "namespace", "stranger", check=False)
    for namespace in ("monitoring", "stranger"):
        pod = ("-n", namespace, "run", "asker", "--image=localhost/chat:0.1.0", "--restart=Never")
        cluster.kubectl(*pod, "--command", "--", "sleep", "1000000")
        cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/asker", "--timeout=90s")
    pods = enforce(cluster)
    try:
        wrong = [way for way in WAYS if _found(cluster, *way[:3]) != way[3]]
    finally:
        lift(cluster)
        for namespace in ("monitoring", "stranger"):
            cluster.kubectl("-n", namespace, "delete", "pod", "asker", "--force", "--grace-period=0")
    if wrong:
        raise AssertionError(f"otherwise than said: {wrong}")
    closed = sum(way[3] == "closed" for way in WAYS)
    return f"{len(WAYS)} of {len(WAYS)} ways as said, {closed} of them closed; policies on {pods} pods"


def _found(cluster: Cluster, namespace: str, host: str, port: int) -> str:
    pod = "client" if namespace == "default" else "asker"
    return cluster.python(pod, _TRY.format(host=f"{host}.svc.cluster.local", port=port), namespace).strip()
