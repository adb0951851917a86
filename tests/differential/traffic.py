# SPDX-License-Identifier: Apache-2.0
"""The requests, as ASGI scopes, and how each is served without a network."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

PATHS = (
    "/items/1",
    "/items/not-a-number",
    "/items/1?colour=blue&sig=geheim&AWSAccessKeyId=geheim",
    "/items/1/",
    "/api/v1/inner/3",
    "/plain/x",
    "/starlette/x",
    "/starlette/deep/x",
    "/starlette",
    "/stream",
    "/background",
    "/unavailable",
    "/broken",
    "/broken-stream",
    "/docs",
    "/openapi.json",
    "/nowhere",
    "/caf%C3%A9",
)
METHODS = ("GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW")
HEADERS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    ((b"host", b"shop.example"), (b"user-agent", b"test/1"), (b"content-length", b"2")),
    ((b"host", b"shop.example:8443"), (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())),
    ((b"host", b"shop.example"), (b"traceparent", f"00-{TRACE}-{PARENT}-00".encode()), (b"tracestate", b"a=1,b=2")),
    ((b"traceparent", b"00-malformed"), (b"user-agent", b"\xff\xfe")),
)


class Case(NamedTuple):
    """A request."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    kind: str = "http"
    disconnects: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind} {self.method} {self.target} {HEADERS.index(self.headers)}" + " left" * self.disconnects


def cases() -> Iterator[Case]:
    """Yield every request of the comparison."""
    for method, target, headers in itertools.product(METHODS, PATHS, HEADERS):
        yield Case(method, target, headers)
    for target, headers in itertools.product(("/items/1", "/stream", "/broken"), HEADERS):
        yield Case("GET", target, headers, disconnects=True)
    for target, headers in itertools.product(("/rooms/blue", "/nowhere"), HEADERS):
        yield Case("GET", target, headers, kind="websocket")


def scope_of(case: Case) -> dict[str, Any]:
    """Return the ASGI scope as uvicorn builds it."""
    path, _, query = case.target.partition("?")
    scope = {
        "type": case.kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws" if case.kind == "websocket" else "http",
        "path": path.replace("%C3%A9", "é"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(case.headers),
        "client": ("192.0.2.7", 51234),
        "server": ("127.0.0.1", 8000),
    }
    return scope | ({"subprotocols": []} if case.kind == "websocket" else {"method": case.method})


async def serve(app: Callable[..., Awaitable[None]], case: Case) -> str:
    """Serve a request; return what left the application: the exception's name, or nothing."""
    received = iter(_received(case))

    async def receive() -> dict[str, Any]:
        return next(received)

    async def send(_message: dict[str, Any]) -> None:
        """Take what a client would get."""

    try:
        await app(scope_of(case), receive, send)
    except Exception as error:  # noqa: BLE001 - what leaves the application is part of what is compared
        return type(error).__name__
    return ""


def _received(case: Case) -> Iterator[dict[str, Any]]:
    if case.kind == "websocket":
        yield {"type": "websocket.connect"}
        yield {"type": "websocket.receive", "text": "hello"}
        yield {"type": "websocket.disconnect", "code": 1000}
    elif not case.disconnects:
        yield {"type": "http.request", "body": b"{}", "more_body": False}
    while True:
        yield {"type": f"{case.kind}.disconnect"}
