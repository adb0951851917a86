# SPDX-License-Identifier: Apache-2.0
"""10,000 requests with whatever a client can make up: answered, no fault of ours, few series, bounded memory."""

import asyncio
import random

import fastapi
from testbed.asgi import Exchange, scope

HEADERS = (b"host", b"user-agent", b"traceparent", b"tracestate", b"baggage", b"x-trace-id", b"x-request-id", b"cookie")


def noise(chance: random.Random, most: int) -> bytes:
    return chance.randbytes(chance.randrange(most))


def hostile_scope(chance: random.Random) -> dict:
    headers = [(chance.choice(HEADERS), noise(chance, 60)) for _ in range(chance.randrange(12))]
    return scope(
        chance.choice(("GET", "POST", "get", "\udcff", "", noise(chance, 20).decode("latin-1"))),
        "/" + noise(chance, 40).decode("latin-1"),
        headers,
        query_string=noise(chance, 40),
        scheme=chance.choice(("http", "https", noise(chance, 8).decode("latin-1"))),
        http_version=chance.choice(("1.1", "2", noise(chance, 4).decode("latin-1"))),
        client=chance.choice((None, ("10.0.0.1", chance.randrange(65536)))),
        server=chance.choice((None, ("127.0.0.1", 8000), ["127.0.0.1", 8000], ("/run/socket", None))),
    )


def test_ten_thousand_hostile_requests_make_few_series(observed):
    app = fastapi.FastAPI()
    app.get("/items/{number}")(lambda number: number)
    chance = random.Random(20261121)

    async def serve_all():
        for _ in range(10_000):
            exchange = Exchange()
            await app(hostile_scope(chance), exchange.receive, exchange.send)
            assert exchange.status in (404, 405)

    asyncio.run(serve_all())
    points = observed.points("http.server.request.duration")
    assert sum(point.count for point in points) == 10_000
    assert len(points) < 40
    assert {point.attributes["http.request.method"] for point in points} == {"GET", "POST", "_OTHER"}
    assert {point.attributes.get("url.scheme") for point in points} == {"http", "https", None}
    assert observed.in_flight() == 0


def test_large_and_many_headers_are_served(observed):
    app = fastapi.FastAPI()
    many = [(b"x-%d" % number, b"v") for number in range(100)]
    large = [(b"host", b"h" * 65536), (b"user-agent", b"u" * 65536), (b"x-request-id", b"r" * 65536)]

    async def serve(headers):
        exchange = Exchange()
        await app(scope(headers=headers), exchange.receive, exchange.send)
        return exchange.status

    assert asyncio.run(serve(many)) == asyncio.run(serve(large)) == 404
    first, second = observed.spans()
    assert first.attributes["server.address"] == second.attributes["server.address"] == "127.0.0.1"
    assert max(len(str(value)) for value in second.attributes.values()) <= 1024
