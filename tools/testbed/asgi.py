# SPDX-License-Identifier: Apache-2.0
"""Serve requests in process, as a server would: scopes, and the server's side of an exchange."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Pairs = list[tuple[bytes, bytes]]
App = Callable[..., Coroutine[Any, Any, None]]


def scope(method: str = "GET", path: str = "/", headers: Pairs | None = None, **more: Any) -> dict[str, Any]:
    """Return the scope of a request as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.9", 40000),
        "scheme": "http",
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": b"",
        "headers": [(b"host", b"api.example.com")] if headers is None else headers,
        "state": {},
        **more,
    }


class Exchange:
    """The server's side of a request: gives the body, keeps what the application sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self._received = False

    async def receive(self) -> dict[str, Any]:
        if self._received:  # a client that stays
            await asyncio.Event().wait()
        self._received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def call(app: App, *args: Any, **kwargs: Any) -> Exchange:
    """Serve one request to its end; what the application raises is raised."""
    exchange = Exchange()
    asyncio.run(app(scope(*args, **kwargs), exchange.receive, exchange.send))
    return exchange
