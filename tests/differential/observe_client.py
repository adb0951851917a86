# SPDX-License-Identifier: Apache-2.0
"""Make all calls under one instrumentation and print what was observed, as JSON: `observe_client.py contrib|ours MODULE`."""

import asyncio
import importlib
import itertools
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).parent))
from observe import observed, points
from testbed.http_server import http_server

METHODS = ("GET", "POST", "get", "BREW")
PATHS = (
    "/status/200",
    "/status/201",
    "/status/404",
    "/status/503",
    "/status/200?page=2&sig=geheim",
    "/status/200#part",
    "/caf%C3%A9",
    "",
    "/to//status/200",
    "/to//to//status/404",
)
WAYS = ("read", "stream")
# What cannot be answered: nobody listens, no answer comes, nobody speaks the scheme.
FAILURES = ("http://127.0.0.1:1/", "{url}/silent", "invalid://nowhere/")


def instrument(kind: str, module: str, **providers: Any) -> None:
    """Install contrib's instrumentation of a module, or ours."""
    from opentelemetry.instrumentation import httpx as contrib

    from otel_distro.http.client import httpx as ours
    from otel_distro.tracing import adopt

    if kind == "ours":
        adopt(providers["tracer_provider"], None)
    names = {"httpx": "HTTPXClientInstrumentor", "httpx2": "HTTPX2ClientInstrumentor"}
    our_names = {"httpx": "HttpxInstrumentor", "httpx2": "Httpx2Instrumentor"}
    found = getattr(contrib, names[module]) if kind == "contrib" else getattr(ours, our_names[module])
    found().instrument(**providers)


def cases(url: str) -> Iterator[tuple[str, str, str]]:
    """Yield method, URL and way of every call."""
    with_password = url.replace("//", "//user:geheim@")
    for origin, method, path, way in itertools.product((url, with_password), METHODS, PATHS, WAYS):
        yield method, origin + path, way
    for target, way in itertools.product(FAILURES, WAYS):
        yield "GET", target.format(url=url), way


def call(client: Any, method: str, url: str, way: str) -> None:
    """Make a call with the synchronous client."""
    if way == "read":
        client.request(method, url)
    else:
        with client.stream(method, url) as response:
            response.read()


async def async_call(client: Any, method: str, url: str, way: str) -> None:
    """Make a call with the asynchronous client."""
    if way == "read":
        await client.request(method, url)
    else:
        async with client.stream(method, url) as response:
            await response.aread()


def run(httpx: Any, url: str, spans: Callable[[], list[Any]]) -> dict[str, Any]:
    """Make every call; return what it raised and the spans, by call."""
    found = {}
    options = {"follow_redirects": True, "timeout": httpx.Timeout(5, read=0.3), "trust_env": False}
    with httpx.Client(**options) as client:
        for case in cases(url):
            raised = outcome(httpx, lambda case=case: call(client, *case))
            found[" ".join(("sync", *case)).replace(url.rpartition(":")[2], "PORT")] = [raised, spans()]

    async def asynchronous() -> None:
        async with httpx.AsyncClient(**options) as client:
            for case in cases(url):
                raised = await async_outcome(httpx, async_call(client, *case))
                found[" ".join(("async", *case)).replace(url.rpartition(":")[2], "PORT")] = [raised, spans()]

    asyncio.run(asynchronous())
    return found


def outcome(httpx: Any, make: Callable[[], None]) -> str:
    """Return the name of what a call raises."""
    try:
        make()
    except httpx.HTTPError as error:
        return type(error).__name__
    return ""


async def async_outcome(httpx: Any, made: Awaitable[None]) -> str:
    """Return the name of what a call raises."""
    try:
        await made
    except httpx.HTTPError as error:
        return type(error).__name__
    return ""


def main(kind: str, module: str) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrument(kind, module, tracer_provider=provider, meter_provider=MeterProvider([reader], shutdown_on_exit=False))

    def spans() -> list[Any]:
        ended = [observed(span) for span in exporter.get_finished_spans()]
        exporter.clear()
        return ended

    with http_server() as server:
        calls = run(importlib.import_module(module), server.url, spans)
        text = json.dumps({"calls": calls, "points": points(reader), "headers": len(server.requests)})
        port = str(server.server_address[1])
    print(text.replace(f":{port}", ":9999").replace(f'_port": {port}', '_port": 9999').replace(port, "9999"))


if __name__ == "__main__":
    main(*sys.argv[1:])
