# SPDX-License-Identifier: Apache-2.0
"""The charts with their default values: a request, its line in the store with all that Kubernetes knows, every target up."""

from __future__ import annotations

import json

from testbed.cluster.kubernetes import Cluster, eventually
from testbed.cluster.setting import await_count, count, stored

_LINE = 'service.name:="chat-api" "message received"'
_WANTED = {
    "k8s.namespace.name": "default",
    "k8s.deployment.name": "chat-api",
    "k8s.container.name": "chat-api",
    "k8s.node.name": "node1",
}
_REQUEST = """
import json, urllib.request
body = json.dumps({"text": "hello cluster", "user_id": "ada"}).encode()
request = urllib.request.Request("http://chat-api:8000/rooms/lobby/messages", body, {"content-type": "application/json"})
answer = urllib.request.urlopen(request, timeout=20)
print(answer.headers["x-trace-id"])
"""


def smoke(cluster: Cluster) -> str:
    """Send a request and find its line, by its trace id, as it should be."""
    trace = cluster.python("client", _REQUEST).strip()
    query = f'{_LINE} trace_id:="{trace}"'
    if not await_count(cluster, query, 1, 60):
        services = sorted({row.get("service.name", "") for row in stored(cluster, "*", "service.name")})
        raise AssertionError(f"no line of trace {trace}; the store knows the services {services}")
    (line,) = stored(cluster, query)
    if wrong := {name: line.get(name) for name, value in _WANTED.items() if line.get(name) != value}:
        raise AssertionError(f"the line has {wrong}")
    if own := count(cluster, 'k8s.container.name:="otc-container"'):
        raise AssertionError(f"the Collector reads its own log: {own} lines")
    up = targets(cluster)
    return f"1 of 1 line found by its trace id, with namespace, deployment, container, pod and node; {up} targets up"


def targets(cluster: Cluster, service: str = "prometheus") -> int:
    """Wait until every target of Prometheus is up, and return how many there are."""
    base = f"http://{cluster.address('monitoring', service)}:9090"

    def states() -> list[str]:
        found = json.loads(cluster.fetch(f"{base}/api/v1/targets"))["data"]["activeTargets"]
        return [target["health"] for target in found]

    eventually(lambda: bool(states()) and set(states()) == {"up"}, 90, "all targets to be up")
    return len(states())
