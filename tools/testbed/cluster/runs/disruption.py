# SPDX-License-Identifier: Apache-2.0
"""Requests while the service's pods are replaced: a rolling restart, and a node that is drained."""

from __future__ import annotations

import time

from testbed.cluster.kubernetes import Cluster
from testbed.cluster.traffic import Traffic


def rolling(cluster: Cluster) -> str:
    """Both services are restarted one after the other under 15 requests a second."""
    traffic = Traffic(cluster, seconds=60)
    time.sleep(5)
    for name in ("chat-api", "inference"):
        cluster.kubectl("rollout", "restart", f"deployment/{name}")
        cluster.ready("default", f"deployment/{name}")
    outcome = traffic.outcome()
    if outcome.failed:
        raise AssertionError(str(outcome))
    return str(outcome)


def drain(cluster: Cluster) -> str:
    """The second node is drained: budgets let one pod go at a time, and no request fails."""
    spread(cluster)
    traffic = Traffic(cluster, seconds=50)
    time.sleep(3)
    options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=120s")
    try:
        cluster.kubectl("drain", "node2", *options)
        left = [pod for pod in cluster.objects("pods") if pod["spec"].get("nodeName") == "node2"]
        outcome = traffic.outcome()
    finally:
        cluster.kubectl("uncordon", "node2")
    if outcome.failed or left:
        raise AssertionError(f"{outcome}; left on node2: {[pod['metadata']['name'] for pod in left]}")
    return str(outcome)


def spread(cluster: Cluster) -> None:
    """Make sure that both services have a pod on the second node."""
    for name in ("chat-api", "inference"):
        cluster.kubectl("rollout", "restart", f"deployment/{name}")
        cluster.ready("default", f"deployment/{name}")
    on_second = [p["metadata"]["name"] for p in cluster.objects("pods") if p["spec"].get("nodeName") == "node2"]
    if not {name for name in ("chat-api", "inference") if any(pod.startswith(name) for pod in on_second)}:
        raise AssertionError(f"nothing to drain: node2 has {on_second}")
