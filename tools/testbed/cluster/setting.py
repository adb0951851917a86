# SPDX-License-Identifier: Apache-2.0
"""What every run stands on: storage, DNS, a store, Prometheus, our two charts with their default values."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from charts.schemas import prometheus_operator_crds

from testbed.cluster.images import REPOSITORY, base_images
from testbed.cluster.kubernetes import Cluster, eventually

MANIFESTS: Final = Path(__file__).with_name("manifests")
CHARTS: Final = REPOSITORY / "helm"
STORE: Final = "http://victoria-logs.monitoring.svc:9428/insert/opentelemetry"
AGENTS: Final = "http://otel-otel-collector-agent.monitoring.svc:4318"
# What a person has to give in any case: where the store is, and a token.
COLLECTOR: Final = (f"--set=destinations.loki.endpoint={STORE}", "--set=token.value=the-token-of-the-runs")
ENVIRONMENT: Final = {
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": AGENTS,
}
_VOLUMES: Final = 60  # a claim outlives its release, and its volume is not given out again


def write_images(cluster: Cluster) -> None:
    """Write the archives that the nodes import when they start."""
    cluster.places.images.mkdir(parents=True, exist_ok=True)
    for image in base_images():
        image.write(cluster.places.images / f"{image.name.replace('/', '-').replace(':', '-')}.tar")


def furnish(cluster: Cluster) -> None:
    """Make storage, DNS, the operator's kinds, the namespace, the store and Prometheus."""
    cluster.apply(storage(cluster), (MANIFESTS / "coredns.yaml").read_text().replace("10.125.0.10", cluster.places.dns))
    cluster.kubectl("apply", "--server-side", "-f", str(prometheus_operator_crds()))
    cluster.kubectl("create", "namespace", "monitoring")
    cluster.apply(*((MANIFESTS / f"{name}.yaml").read_text() for name in ("victoria-logs", "prometheus")))
    cluster.ready("kube-system", "deployment/coredns")
    cluster.ready("monitoring", "deployment/victoria-logs", "deployment/prometheus")


def storage(cluster: Cluster) -> str:
    """Return a default class and volumes in folders of the first node: of type local, which fsGroup applies to."""
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "node-folder",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ]
    node = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1"]}]}
    for number in range(_VOLUMES):
        (cluster.places.node(1) / "var" / "volumes" / str(number)).mkdir(parents=True, exist_ok=True)
        spec = {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "node-folder",
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": f"/var/volumes/{number}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [node]}},
        }
        name = {"name": f"node-folder-{number}"}
        documents.append({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": name, "spec": spec})
    return "\n---\n".join(json.dumps(document) for document in documents)


def install(cluster: Cluster) -> None:
    """Install both charts as the pages say, with their default values, and a client."""
    cluster.helm(
        "install", "otel", str(CHARTS / "otel-collector"), "-n", "monitoring", *COLLECTOR, "--wait", "--timeout=180s"
    )
    literals = [f"--from-literal={name}={value}" for name, value in ENVIRONMENT.items()]
    cluster.kubectl("create", "configmap", "otel-environment", *literals)
    for name, application in (("inference", "inference:app"), ("chat-api", "chat_api:app")):
        install_service(cluster, name, *_own_addresses(cluster, application))
    client = ("run", "client", "--image=localhost/chat:0.1.0", "--restart=Never", "--command", "--", "sleep", "1000000")
    cluster.kubectl(*client)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=60s")


def _own_addresses(cluster: Cluster, application: str) -> tuple[str, ...]:
    """Return what a person has to say where pods have IPv6 addresses only."""
    if cluster.places.family == 4:
        return ()
    command = json.dumps(["uvicorn", application, "--host", "::", "--port", "8000"])
    return ("--set=telemetry.adminHost=::", f"--set-json=command={command}")


def install_service(cluster: Cluster, name: str, *options: str) -> None:
    """Install one of the chat example's services."""
    chart = CHARTS / "fastapi-service"
    given = [f"--values={chart / 'examples' / f'{name}.yaml'}", "--set=image.repository=localhost/chat"]
    cluster.helm("install", name, str(chart), *given, *options, "--wait", "--timeout=180s")


def stored(cluster: Cluster, query: str, *fields: str) -> list[dict[str, str]]:
    """Return the fields of every record that the store holds of a query (LogsQL)."""
    named = ", ".join(f'"{name}"' for name in fields)
    pipe = f" | fields {named}" if fields else ""
    url = f"http://{cluster.address('monitoring', 'victoria-logs')}:9428/select/logsql/query"
    return [json.loads(line) for line in cluster.fetch(url, query=f"{query}{pipe}").splitlines()]


def count(cluster: Cluster, query: str) -> int:
    """Return how many records the store holds of a query."""
    url = f"http://{cluster.address('monitoring', 'victoria-logs')}:9428/select/logsql/query"
    answer = cluster.fetch(url, query=f"{query} | stats count() lines")
    return int(json.loads(answer or "{}").get("lines", 0))


def await_count(cluster: Cluster, query: str, wanted: int, seconds: float) -> int:
    """Wait until the store holds so many records, and return how many it holds when the time is over."""
    with suppress(TimeoutError):
        eventually(lambda: count(cluster, query) >= wanted, seconds, query)
    return count(cluster, query)
