# SPDX-License-Identifier: Apache-2.0
"""`docker compose up` of compose.yaml in a real engine, and every panel's query answered from what it produced."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import yaml

from testbed.cluster.composed import images
from testbed.cluster.engine import Engine
from testbed.cluster.images import REPOSITORY
from testbed.cluster.kubernetes import eventually
from testbed.cluster.node import run

SERVICES: Final = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
_BUILT: Final = tuple(name for name, service in SERVICES.items() if "build" in service)
_FILLED: Final = {
    "$namespace": ".*",
    "$service": ".+",
    "$node": ".+",
    "$pod": ".*",
    "$route": ".*",
    "$search": "",
    "$__rate_interval": "1m",
    "$__auto": "10m",
    "$__range": "15m",
}
REQUESTS: Final = 60


def compose(engine: Engine) -> str:
    """Build, start, send requests, ask."""
    for image in images():
        engine.load(image)
    began = time.monotonic()
    engine.compose(REPOSITORY, "build")
    built = time.monotonic() - began
    engine.compose(REPOSITORY, "up", "--detach", "--pull=never")
    try:
        eventually(lambda: _running(engine) == len(SERVICES), 60, f"{len(SERVICES)} services")
        trace = _requests(engine)
        eventually(
            lambda: bool(_logs(engine, f'{{service_name="chat_api"}} | trace_id="{trace}"')),
            60,
            "the line in the store",
        )
        time.sleep(40)  # two scrapes, and a rate needs samples that are apart
        answered = [(kind, _answered(engine, kind, expression, trace)) for kind, expression in panels()]
        if _running(engine) != len(SERVICES):
            raise AssertionError(engine.compose(REPOSITORY, "ps", "--all"))
    finally:
        engine.compose(REPOSITORY, "down", "--volumes", "--timeout=5")
    full = {kind: sum(found for other, found in answered if other == kind) for kind in ("loki", "prometheus")}
    total = {kind: sum(other == kind for other, _ in answered) for kind in full}
    panes = ", ".join(
        f"{kind}: {total[kind]} of {total[kind]} queries answered, {full[kind]} with data" for kind in full
    )
    return f"{len(SERVICES)} of {len(SERVICES)} services (Loki's door, stand-ins for Grafana and Tempo), built in {built:.0f} s; {panes}"


def panels() -> Iterator[tuple[str, str]]:
    """Yield data source and query of every panel."""
    for path in sorted((REPOSITORY / "helm" / "observability" / "dashboards").glob("*.json")):
        for panel in _panels(json.loads(path.read_text())["panels"]):
            kind = panel.get("datasource", {}).get("type", "")
            if kind in {"loki", "prometheus"}:
                yield from ((kind, target["expr"]) for target in panel["targets"])


def _panels(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in listed:
        yield from _panels(panel["panels"]) if panel.get("panels") else [panel]


def _running(engine: Engine) -> int:
    listed = engine.docker("ps", "--filter=label=com.docker.compose.project=otel-distro", "--format={{.State}}")
    return listed.split().count("running")


def _requests(engine: Engine) -> str:
    """Send messages, every sixth of them refused, and return the last one's trace id."""
    body = json.dumps({"text": "hello", "user_id": "ada"})
    options = ["-sS", "-D", "-", "-o", "/dev/null", "-H", "content-type: application/json", "-m", "20"]
    headers = ""
    for number in range(REQUESTS):
        text = body if number % 6 else "{}"
        url = "http://127.0.0.1:8000/rooms/lobby/messages"
        headers = run(
            engine.node.network(["curl", *options, "--retry", "20", "--retry-all-errors", "-d", text, url])
        ).stdout
    (trace,) = [line.split(":")[1].strip() for line in headers.splitlines() if line.lower().startswith("x-trace-id")]
    return trace


def _answered(engine: Engine, kind: str, expression: str, trace: str) -> bool:
    """Whether a query finds something; one that is refused raises."""
    query = expression.replace("$trace", trace)
    for name, value in _FILLED.items():
        query = query.replace(name, value)
    if kind == "prometheus":
        found = json.loads(engine.fetch("http://127.0.0.1:9090/api/v1/query", query=query))
        return bool(found["data"]["result"])
    return bool(_logs(engine, query))


def _logs(engine: Engine, query: str) -> list[Any]:
    now = time.time_ns()
    metric = not query.lstrip().startswith("{")
    path = "query" if metric else "query_range"
    given = (
        {"time": str(now)}
        if metric
        else {"start": str(now - 3600 * 10**9), "end": str(now + 60 * 10**9), "limit": "100"}
    )
    found = json.loads(engine.fetch(f"http://127.0.0.1:3100/loki/api/v1/{path}", query=query, **given))
    return list(found["data"]["result"])
