# SPDX-License-Identifier: Apache-2.0
"""The application that is soaked, and requests to it as a server hands them over."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import fastapi
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

Scope = dict[str, Any]
Headers = list[tuple[bytes, bytes]]
Messages = list[MutableMapping[str, Any]]

log = structlog.get_logger("soak")
_METHODS = ("GET", "GET", "GET", "POST", "BREW")


def application() -> fastapi.FastAPI:
    """Return an application with routes of several depths, one of which fails."""
    # By the module's attribute, which the instrumentor replaces.
    app, nested, mounted = fastapi.FastAPI(), fastapi.APIRouter(prefix="/nested"), fastapi.FastAPI()

    @app.get("/items/{item_id}")
    @nested.get("/items/{item_id}")
    @mounted.get("/items/{item_id}")
    async def item(item_id: str) -> dict[str, str]:
        log.info("item read", item_id=item_id)
        return {"id": item_id}

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("the soaked application fails here on purpose")

    app.include_router(nested)
    app.mount("/mounted", mounted)
    app.mount("/plain", Starlette(routes=[Mount("/{tenant}", routes=[Route("/items/{item_id}", _page)])]))
    return app


async def _page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("page")


def scope(method: str, path: str, headers: Headers, query: bytes = b"") -> Scope:
    """Return the scope of a request as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000),
        "scheme": "http",
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "headers": headers,
        "state": {},
    }


def any_request(chance: random.Random) -> Scope:
    """Return an ordinary request nine times of ten; else one with host, agent, method or path of a stranger's choice."""
    number = chance.getrandbits(64)
    traced = (b"traceparent", b"00-%032x-%016x-01" % (chance.getrandbits(127) + 1, number | 1))
    ordinary: Headers = [(b"host", b"api.example.com"), (b"user-agent", b"soak/1.0"), (b"accept", b"*/*")]
    strange: Headers = [(b"host", b"%x.example.com" % number), (b"user-agent", b"agent %x" % number)]
    kind = chance.random()
    if kind < 0.9:
        prefix = chance.choice(("", "/nested", "/mounted"))
        return scope("GET", f"{prefix}/items/{number}", [*ordinary, traced] if kind < 0.5 else ordinary)
    if kind < 0.99:
        headers = [*strange, (b"x-request-id", b"%x" % number), (b"x-correlation-id", b"\xff%x" % number)]
        return scope(chance.choice(_METHODS), f"/{number:x}", headers, b"token=%x" % number)
    return scope("GET", "/fail", ordinary)


async def serve(app: Callable[..., Awaitable[None]], request: Scope) -> Messages:
    """Serve one request to its end and return what the application sent; what it raises is raised."""
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(request, receive, send)
    return sent
