# SPDX-License-Identifier: Apache-2.0
"""Releases beside and after one another: local values, then production's; two of one name; a name as long as Helm takes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from charts import with_stand_ins

from testbed.cluster.kubernetes import Cluster
from testbed.cluster.setting import CHARTS, COLLECTOR, STORE

_STORE: Final = f"--set=otel-collector.destinations.loki.endpoint={STORE}"
_OAUTH: Final = (
    r"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.github.client_id=id",
    r"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.google.client_id=id",
)
LONG: Final = "a-release-whose-name-is-as-long-as-helm-takes-it-53-x"


def upgrade(cluster: Cluster) -> str:
    """The umbrella with its local values becomes production. The charts of others stand in: their images cannot be had."""
    with tempfile.TemporaryDirectory() as scratch:
        chart = with_stand_ins(Path(scratch))
        cluster.kubectl("create", "namespace", "stack")
        secret = ("create", "secret", "generic", "otel-collector-token", "--from-literal=token=the-token-of-production")
        cluster.kubectl("-n", "stack", *secret)
        common = ("stack", str(chart), "-n", "stack", _STORE, _OTHER_ENVIRONMENT, "--wait", "--timeout=180s")
        cluster.helm("install", *common, f"--values={chart / 'values-local.yaml'}")
        production = [f"--values={chart / f'values-{name}.yaml'}" for name in ("production", "managed")]
        cluster.helm("upgrade", *common, *production, *_OAUTH)
    pods = cluster.objects("pods", "-n", "stack", "-l", "app.kubernetes.io/component=gateway")
    cluster.helm("uninstall", "stack", "-n", "stack", "--wait")
    cluster.kubectl("delete", "namespace", "stack", "--wait=false")
    if len(pods) != 2:
        raise AssertionError(f"{len(pods)} gateways after the upgrade, not 2")
    return "installed, upgraded, all pods ready: 1 gateway, then 2"


_OTHER_ENVIRONMENT: Final = (
    "--set=applications.configMap=otel-environment-of-the-stack,otel-collector.canary.image=localhost/chat:0.1.0"
)


def two(cluster: Cluster) -> str:
    """A second release of the same name in another namespace, and a third beside it: agents share the node's folders."""
    cluster.kubectl("create", "namespace", "second", check=False)
    try:
        for release in ("otel", "third"):
            _collector(cluster, "second", release)
        agents = cluster.objects("pods", "-A", "-l", "app.kubernetes.io/component=agent")
    finally:
        _remove(cluster, "second", "otel", "third")
    restarts = sum(status["restartCount"] for pod in agents for status in pod["status"]["containerStatuses"])
    if restarts:
        raise AssertionError(f"{restarts} restarts of {len(agents)} agents")
    return f"3 releases, {len(agents)} agents side by side, 0 restarts"


def long_name(cluster: Cluster) -> str:
    """53 letters are what Helm takes."""
    cluster.kubectl("create", "namespace", "long", check=False)
    values = CHARTS / "fastapi-service" / "ci" / "minimal.yaml"
    command = json.dumps(["uvicorn", "chat_api:app", "--host", "0.0.0.0"])
    given = [
        f"--values={values}",
        "--set=image.repository=localhost/chat,image.tag=0.1.0",
        f"--set-json=command={command}",
    ]
    other = f"{LONG[:-1]}y"
    try:
        _collector(cluster, "long", LONG)
        chart = str(CHARTS / "fastapi-service")
        cluster.helm("install", other, chart, "-n", "long", *given, "--wait", "--timeout=120s")
    finally:
        _remove(cluster, "long", LONG, other)
    return f"both charts ready under a name of {len(LONG)} letters"


def _collector(cluster: Cluster, namespace: str, release: str) -> None:
    chart = str(CHARTS / "otel-collector")
    cluster.helm("install", release, chart, "-n", namespace, *COLLECTOR, *_MODEST, "--wait", "--timeout=120s")


def _remove(cluster: Cluster, namespace: str, *releases: str) -> None:
    for release in releases:
        cluster.helm("uninstall", release, "-n", namespace, "--wait", check=False)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


# A node of this machine has few processors to promise.
_MODEST: Final = ("--set=gateway.resources.requests.cpu=20m,agent.resources.requests.cpu=20m",)
