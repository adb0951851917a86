# SPDX-License-Identifier: Apache-2.0
"""The real prometheus-operator, and a Prometheus of its making that selects as helm/observability/values.yaml says."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml
from charts import with_stand_ins
from charts.schemas import prometheus_operator_crds

from testbed.cluster.images import operator_images
from testbed.cluster.kubernetes import Cluster, eventually
from testbed.cluster.setting import CHARTS, COLLECTOR

_RBAC: Final = ("service-account", "cluster-role", "cluster-role-binding", "deployment")
# Charts that render nothing here: Prometheus is made below.
_OURS: Final = (
    "--set=kube-prometheus-stack.enabled=false,loki.enabled=false,otel-collector.enabled=false",
    "--set=applications.configMap=otel-environment-of-the-rules",
)


def monitors(cluster: Cluster) -> str:
    """Every monitor of the charts leads to targets that are up under the right `app`, every rule is read and evaluated."""
    _operator(cluster)
    cluster.apply(json.dumps(_prometheus()))
    with tempfile.TemporaryDirectory() as scratch:
        chart = with_stand_ins(Path(scratch))
        cluster.helm("upgrade", "--install", "rules", str(chart), "-n", "monitoring", *_OURS)
    chart = CHARTS / "otel-collector"
    cluster.helm(
        "upgrade", "otel", str(chart), "-n", "monitoring", *COLLECTOR, "--set=serviceMonitor.enabled=true", "--wait"
    )
    eventually(lambda: "prometheus-ours-0" in cluster.kubectl("-n", "monitoring", "get", "pods"), 90, "its Prometheus")
    cluster.kubectl("-n", "monitoring", "wait", "--for=condition=Ready", "pod/prometheus-ours-0", "--timeout=120s")
    expected = _expected(cluster)
    eventually(lambda: _up(cluster) == expected, 120, f"targets {expected}; there are {_up(cluster)}")
    wanted = sum(
        len(group["rules"]) for rule in cluster.objects("prometheusrules", "-A") for group in rule["spec"]["groups"]
    )
    eventually(lambda: _rules(cluster) == {"ok": wanted}, 90, f"{wanted} rules; there are {_rules(cluster)}")
    firing = sorted(
        alert["labels"]["alertname"] for alert in _asked(cluster, "alerts")["alerts"] if alert["state"] == "firing"
    )
    return f"{sum(expected.values())} targets of {len(expected)} applications up, {wanted} rules ok, firing: {', '.join(firing)}"


def _operator(cluster: Cluster) -> None:
    archives = []
    for image in operator_images():
        path = cluster.places.images / f"{image.name.replace('/', '-').replace(':', '-')}.tar"
        archives.append(image.write(path))
    cluster.load(archives)
    folder = prometheus_operator_crds().parent / "rbac" / "prometheus-operator"
    for part in _RBAC:
        text = (folder / f"prometheus-operator-{part}.yaml").read_text()
        text = re.sub(r"[\w.]+/prometheus-operator/prometheus-operator:v\S+", "localhost/operator:1", text)
        text = re.sub(
            r"[\w.]+/prometheus-operator/prometheus-config-reloader:v\S+",
            "localhost/prometheus-config-reloader:1",
            text,
        )
        cluster.kubectl(
            "-n", "monitoring", "apply", "-f", "-", given=text.replace("namespace: default", "namespace: monitoring")
        )
    cluster.ready("monitoring", "deployment/prometheus-operator")


def _prometheus() -> dict[str, Any]:
    values = yaml.safe_load((CHARTS / "observability" / "values.yaml").read_text())
    selecting = values["kube-prometheus-stack"]["prometheus"]["prometheusSpec"]
    everywhere: dict[str, Any] = {f"{kind}NamespaceSelector": {} for kind in ("serviceMonitor", "podMonitor", "rule")}
    spec = {
        **selecting,
        **everywhere,
        "image": "localhost/prometheus:1",
        "version": "3.15.0",
        "replicas": 1,
        "serviceAccountName": "prometheus",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    metadata = {"name": "ours", "namespace": "monitoring"}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": metadata, "spec": spec}


def _expected(cluster: Cluster) -> dict[str, int]:
    """Return app -> pods, of everything that has a monitor."""
    nodes = len(cluster.objects("nodes"))
    gateways = len(cluster.objects("pods", "-n", "monitoring", "-l", "app.kubernetes.io/component=gateway"))
    return {"chat-api": 2, "inference": 2, "otel-collector-agent": nodes, "otel-collector-gateway": gateways}


def _up(cluster: Cluster) -> dict[str, int]:
    found: dict[str, int] = {}
    for target in _asked(cluster, "targets")["activeTargets"]:
        if target["health"] == "up":
            app = target["labels"].get("app", "")
            found[app] = found.get(app, 0) + 1
    return found


def _rules(cluster: Cluster) -> dict[str, int]:
    found: dict[str, int] = {}
    for group in _asked(cluster, "rules")["groups"]:
        for rule in group["rules"]:
            found[rule["health"]] = found.get(rule["health"], 0) + 1
    return found


def _asked(cluster: Cluster, what: str) -> Any:
    pod = cluster.kubectl("-n", "monitoring", "get", "pod", "prometheus-ours-0", "-o", "jsonpath={.status.podIP}")
    host = pod if cluster.places.family == 4 else f"[{pod}]"
    return json.loads(cluster.fetch(f"http://{host}:9090/api/v1/{what}"))["data"]
