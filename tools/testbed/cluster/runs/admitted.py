# SPDX-License-Identifier: Apache-2.0
"""Under the Pod Security Standard *restricted*, under an arbitrary user id, and every example of values: pods get ready."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from testbed.cluster.kubernetes import Cluster
from testbed.cluster.setting import CHARTS, COLLECTOR, STORE

_RESTRICTED: Final = "pod-security.kubernetes.io/enforce=restricted"
OPENSHIFT: Final = 1000680000
_IMAGE: Final = "--set=image.repository=localhost/chat,image.tag=0.1.0"
# What an image of this machine cannot have: a digest, a registry's secret, a class that is not here.
_HERE: Final[dict[str, dict[str, Any]]] = {
    "otel-collector/everything": {
        "image": {"digest": ""},
        "gateway": {"persistence": {"storageClass": ""}, "resources": {"requests": {"cpu": "20m"}}},
        "canary": {"image": "localhost/chat:0.1.0"},
    },
    "fastapi-service/everything": {
        "image": {"digest": "", "tag": "0.1.0"},
        "command": ["uvicorn", "chat_api:app", "--host", "0.0.0.0", "--port", "8080"],
        "probes": {"liveness": "/openapi.json", "readiness": "/openapi.json"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "topologySpreadConstraints": [],
    },
    "fastapi-service/minimal": {"command": ["uvicorn", "chat_api:app", "--host", "0.0.0.0"]},
}


def restricted(cluster: Cluster) -> str:
    """Gateway and services run where *restricted* is enforced; the agent is refused there, as the page says."""
    _namespace(cluster, "restricted", _RESTRICTED)
    cluster.helm("install", "gateway", str(CHARTS / "otel-collector"), "-n", "restricted", *COLLECTOR, *_GATEWAY)
    cluster.helm("install", "chat-api", *_chat("restricted"))
    cluster.ready("restricted", "statefulset/gateway-otel-collector-gateway", "deployment/chat-api")
    dry = ("label", "--dry-run=server", "--overwrite", "namespace", "monitoring", _RESTRICTED)
    said = _warnings(cluster, *dry)
    refused = {re.sub(r"-\w{5}$", "", pod) for pod in re.findall(r"([\w-]+)(?: \(and \d+ other pods?\))?: ", said)}
    _remove(cluster, "restricted", "gateway", "chat-api")
    if refused - {"Warning", "otel-otel-collector-agent"}:
        raise AssertionError(f"refused by restricted: {said}")
    return "gateway and service ready where restricted is enforced; refused there: the agent alone"


_GATEWAY: Final = ("--set=agent.enabled=false", "--set=gateway.replicas=1")


def _chat(namespace: str, *options: str) -> tuple[str, ...]:
    values = CHARTS / "fastapi-service" / "examples" / "chat-api.yaml"
    return (str(CHARTS / "fastapi-service"), "-n", namespace, f"--values={values}", _IMAGE, *options)


def arbitrary_user(cluster: Cluster) -> str:
    """As OpenShift's restricted-v2 does it: the platform chooses the user id, the group is 0."""
    _namespace(cluster, "openshift", _RESTRICTED)
    ids = {"runAsUser": OPENSHIFT, "runAsGroup": 0, "fsGroup": OPENSHIFT}
    chosen = [f"podSecurityContext.{name}={number}" for name, number in ids.items()]
    chat = cluster.helm("install", "chat-api", *_chat("openshift", *(f"--set={each}" for each in chosen)))
    gateway = [f"--set=gateway.{each}" for each in chosen]
    cluster.helm(
        "install", "gateway", str(CHARTS / "otel-collector"), "-n", "openshift", *COLLECTOR, *_GATEWAY, *gateway
    )
    cluster.ready("openshift", "statefulset/gateway-otel-collector-gateway", "deployment/chat-api")
    pod = cluster.objects("pods", "-n", "openshift", "-l", "app.kubernetes.io/name=fastapi-service") or chat
    found = cluster.kubectl("-n", "openshift", "exec", "deployment/chat-api", "--", "id", "-u").strip()
    _remove(cluster, "openshift", "gateway", "chat-api")
    if found != str(OPENSHIFT) or not pod:
        raise AssertionError(f"runs as {found}")
    return f"gateway and service ready as user {OPENSHIFT:,}"


def examples(cluster: Cluster) -> str:
    """Install every file of helm/*/ci, one after the other, and wait until its pods are ready."""
    cluster.kubectl("create", "namespace", "examples", check=False)
    _secrets(cluster)
    cases = [
        path
        for chart in ("fastapi-service", "otel-collector")
        for path in sorted((CHARTS / chart / "ci").glob("*.yaml"))
    ]
    failed = {f"{path.parents[1].name}/{path.stem}": said for path in cases if (said := _tried(cluster, path))}
    cluster.kubectl("delete", "namespace", "examples", "--wait=false")
    if failed:
        raise AssertionError(f"{len(failed)} of {len(cases)}: {failed}")
    return f"{len(cases)} of {len(cases)} ready"


def _tried(cluster: Cluster, path: Path) -> str:
    chart = path.parents[1]
    own = cluster.places.home / "here.yaml"
    own.write_text(json.dumps(_HERE.get(f"{chart.name}/{path.stem}", {})))
    given = [f"--values={path}", f"--values={own}", "-n", "examples", "--wait", "--timeout=90s"]
    if chart.name == "fastapi-service":
        given.append("--set=image.repository=localhost/chat")
        given += ["--set=image.tag=0.1.0"]
    elif path.stem not in {"agent-only", "victoria-logs"}:
        given.append(f"--set=destinations.loki.endpoint={STORE}")
    said = cluster.helm("install", "case", str(chart), *given, check=False)
    failed = "STATUS: deployed" not in said
    pods = cluster.kubectl("-n", "examples", "get", "pods") if failed else ""
    cluster.helm("uninstall", "case", "-n", "examples", "--wait", check=False)
    cluster.kubectl("-n", "examples", "delete", "pvc", "--all", "--wait=false")
    return f"{said[-600:]}{pods}" if failed else ""


def _secrets(cluster: Cluster) -> None:
    """What the examples expect to be there."""
    token = "the-token-of-the-runs"
    secrets: dict[str, dict[str, str]] = {
        "collector-token": {"token": token, "bearer": token},
        "gateway-token": {"token": token},
        "database": {"url": "postgresql://db/shop"},
    }
    conf = cluster.places.conf
    files = {"tls.crt": "api.crt", "tls.key": "api.key", "ca.crt": "ca.crt"}
    secrets["collector-tls"] = {name: (conf / file).read_text() for name, file in files.items()}
    documents = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "examples"}, "stringData": data}
        for name, data in secrets.items()
    ]
    cluster.apply(*(yaml.safe_dump(document) for document in documents))


def _namespace(cluster: Cluster, name: str, label: str) -> None:
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, label)


def _remove(cluster: Cluster, namespace: str, *releases: str) -> None:
    for release in releases:
        cluster.helm("uninstall", release, "-n", namespace)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def _warnings(cluster: Cluster, *arguments: str) -> str:
    return cluster.kubectl_said(*arguments)
