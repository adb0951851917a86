# SPDX-License-Identifier: Apache-2.0
"""Whatever a client chooses, and however often: resident memory stays flat, and no request holds the event loop.

`make soak-strangers` sends 100,000 distinct values of each; here they are as many as the caches need to be full.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
from support.strangers import flood, knock
from testbed.services import Service

APPS = Path(__file__).parents[1] / "support" / "apps"
NUMBER = int(os.environ.get("SOAK_STRANGERS", "1200"))
# What a heap gains by being used: fragments, and caches that fill up to their bounds.
MOST_MIB = 12.0
LONG, TIMES = 60_000, 30
MOST_MILLISECONDS = 5.0


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "host: h.example", *headers, "", ""]).encode("latin-1")


CHOICES = {
    "path": lambda n: request(f"GET /nowhere-{n:08}/{n}key=1"),
    "name in a path": lambda n: request(f"GET /items/{n:08}word={n}"),
    "host": lambda n: request("GET /items/1").replace(b"h.example", b"h%d.example" % n),
    "agent": lambda n: request("GET /items/1", f"user-agent: agent/{n}"),
    "header": lambda n: request("GET /items/1", f"x-{n:08}: {n}"),
    "request id": lambda n: request("GET /items/1", f"x-request-id: customer-{n}", f"x-correlation-id: c{n}"),
    "trace": lambda n: request("GET /items/1", f"traceparent: 00-{n + 1:032x}-{n + 1:016x}-01", f"tracestate: a{n}=1"),
    "trace id": lambda n: request("GET /items/1", f"x-trace-id: {n + 1:032x}", f"baggage: a{n}={n}"),
    "query": lambda n: request(f"GET /items/1?key{n}={n}"),
    "forwarded": lambda n: request("GET /items/1", f"x-forwarded-for: 10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"),
}
METHODS = {"method": lambda n: request(f"M{n} /items/1")}


def messages(choices: dict) -> Iterator[bytes]:
    for number in range(NUMBER):
        for choose in choices.values():
            yield choose(number)


def grown(parser: str, choices: dict, *, sockets: bool = False) -> float:
    """Return by how many MiB the service has grown after the first fifth of what strangers send."""
    quiet = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_BSP_MAX_QUEUE_SIZE": "512"}
    with Service("measured:app", APPS, quiet, options=("--http", parser)) as service:
        sizes = []
        everything = list(messages(choices)) if NUMBER <= 5000 else messages(choices)
        total, begun = NUMBER * len(choices), 0
        source = iter(everything)
        for share in (total // 5, total - total // 5):
            begun += asyncio.run(flood(service.port, source, share))
            if sockets:
                asyncio.run(knock(service.port, "/talk/", NUMBER // 5))
            sizes.append(httpx.get(f"{service.url}/state", timeout=60).json()["mib"])
        page = service.scrape()
        assert begun == total
        assert page.value("http_server_request_duration_seconds_count") >= total
        assert page.value("http_server_active_requests") == 0
    return sizes[1] - sizes[0]


def test_what_clients_choose_fills_no_memory():
    assert grown("httptools", CHOICES, sockets=True) < MOST_MIB


def test_methods_that_clients_make_up_fill_no_memory():
    assert grown("h11", METHODS) < MOST_MIB


TEXTS = ("x", "eyJ-", "1=2=", "key=", "%20", "a.b", "::", "https://u:p@")


def spent(environment: dict[str, str]) -> list[float]:
    """Return the milliseconds of CPU that a request of each text costs the service."""
    with Service("measured:app", APPS, environment, options=("--http", "httptools")) as service:

        def used() -> float:
            return float(httpx.get(f"{service.url}/state", timeout=60).json()["cpu"])

        found = []
        for text in TEXTS:
            message = request("GET /" + (text * LONG)[:LONG])
            asyncio.run(flood(service.port, iter([message] * 5), 5))
            before = used()
            asyncio.run(flood(service.port, iter([message] * TIMES), TIMES))
            found.append((used() - before) / TIMES * 1000)
    return found


def test_no_long_request_holds_the_event_loop():
    """By CPU, which other programs of this machine do not lengthen as they do the clock, beside the bare server's."""
    bare = spent({"OTEL_SDK_DISABLED": "true"})
    ours = spent({"OTEL_TRACES_EXPORTER": "none"})
    added = {text: mine - its for text, mine, its in zip(TEXTS, ours, bare, strict=True)}
    assert max(added.values()) < MOST_MILLISECONDS, added
