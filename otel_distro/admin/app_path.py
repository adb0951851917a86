# SPDX-License-Identifier: Apache-2.0
"""/metrics on the application's own port, for those who must (OTEL_DISTRO_APP_METRICS_PATH).

It stands in front of everything that observes requests: never traced, logged or counted. Whoever is neither in the
allowed networks nor has the token gets the 404 of a path that does not exist.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from otel_distro.admin.http import Response, plain
from otel_distro.admin.token import Token
from otel_distro.variables import AdminSettings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.member import connect
from otel_distro.workers.wire import FrameBuffer, frame

SCRAPE_SECONDS = 5.0
_READ_BYTES = 256 * 1024

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


class AppPath:
    """The path, who may read it, and where the owner of the admin port is."""

    def __init__(self, admin: AdminSettings, handshake: Handshake) -> None:
        self.path = admin.app_metrics_path
        self._handshake = handshake
        self._networks = [ipaddress.ip_network(network) for network in admin.app_metrics_networks]
        self._token = Token(admin.token_file) if admin.token_file else None

    async def answer(self, scope: Scope) -> Response:
        """Return what a request for the path gets."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._may_read(scope.get("client"), headers):
            return plain(HTTPStatus.NOT_FOUND)
        if scope["method"] not in ("GET", "HEAD"):
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        try:
            return await asyncio.wait_for(self._scrape(headers), SCRAPE_SECONDS)
        except (OSError, ValueError, asyncio.TimeoutError):
            return plain(HTTPStatus.SERVICE_UNAVAILABLE)

    def _may_read(self, client: Any, headers: Mapping[str, str]) -> bool:
        if self._token is not None and self._token.matches(headers.get("authorization", "")):
            return True
        try:
            address = ipaddress.ip_address(client[0])
        except (TypeError, ValueError):  # a Unix socket, or a test client: nobody whom an address vouches for
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)

    async def _scrape(self, headers: Mapping[str, str]) -> Response:
        """Ask the owner, without a thread and without blocking the event loop."""
        loop, buffer = asyncio.get_running_loop(), FrameBuffer()
        with connect(self._handshake) as sock:
            sock.setblocking(False)
            question = {"type": "scrape", "token": self._handshake.token, "accept": headers.get("accept", "")}
            await loop.sock_sendall(sock, frame(question))
            while data := await loop.sock_recv(sock, _READ_BYTES):
                for page in buffer.feed(data):
                    return Response(HTTPStatus.OK, page["content_type"], page["body"].encode())
        raise ValueError("the owner has hung up")


class AppMetrics:
    """ASGI middleware that serves the path and hands everything else on."""

    def __init__(self, app: App, app_path: AppPath) -> None:
        self.app = app
        self._app_path = app_path

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] != self._app_path.path:
            await self.app(scope, receive, send)
            return
        response = await self._app_path.answer(scope)
        headers = {"content-type": response.content_type, "content-length": str(len(response.body)), **response.headers}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": int(response.status), "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})


class _Served:
    """What this process serves on the application's port, if anything."""

    app_path: AppPath | None = None


def use(app_path: AppPath | None) -> None:
    """Serve this in applications that are built from now on; nothing if None."""
    _Served.app_path = app_path


def around(app: App) -> App:
    """Return the application with the path in front of it, if there is one."""
    return app if _Served.app_path is None else AppMetrics(app, _Served.app_path)
