# SPDX-License-Identifier: Apache-2.0
"""/metrics on the application's own port, for those who must (OTEL_DISTRO_APP_METRICS_PATH).

Whoever is not in the allowed networks, has not the token where one is set, or comes through a proxy without one, gets the
404 of a path that does not exist.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from otel_distro.admin.http import Response, headers_of, plain_text
from otel_distro.admin.token import Token
from otel_distro.ground.asgi import Scope
from otel_distro.settings.model import AdminSettings

SCRAPE_SECONDS = 5.0
_TEST_CLIENT = "testclient"
# What proxies add: https://www.rfc-editor.org/rfc/rfc7239, and what was usual before it.
_FORWARDING = frozenset(
    ("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip")
)

# Takes an Accept header and what the page is handed to, with its content type, in another thread.
Scrape = Callable[[str, Callable[[str, bytes], None]], None]


class AppPath:
    """The path, who may read it, and who has the page."""

    def __init__(self, admin: AdminSettings, scrape: Scrape) -> None:
        self.path = admin.app_metrics_path
        self._ask = scrape
        self._networks = [ipaddress.ip_network(network) for network in admin.app_metrics_networks]
        self._token = Token(admin.token_file) if admin.token_file else None

    async def answer(self, scope: Scope) -> Response:
        """Return what a request for the path gets."""
        headers = headers_of(scope)
        if not self._may_read(scope.get("client"), headers):
            return plain_text(HTTPStatus.NOT_FOUND)
        if scope["method"] not in ("GET", "HEAD"):
            return plain_text(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        try:
            return await asyncio.wait_for(self._scrape(headers), SCRAPE_SECONDS)
        except (OSError, ValueError, asyncio.TimeoutError):
            return plain_text(HTTPStatus.SERVICE_UNAVAILABLE)

    def _may_read(self, client: Any, headers: Mapping[str, str]) -> bool:
        """With a token: whoever has it, in the networks. Without one: whoever is in them and has not come through a proxy.

        Behind a proxy every stranger has its address, or one that he has made up himself.
        """
        if self._token is not None:
            return self._token.matches(headers.get("authorization", "")) and (not client or self._is_near(client))
        return not any(map(_is_forwarding, headers)) and self._is_near(client)

    def _is_near(self, client: Any) -> bool:
        """Whether a peer's address is in the allowed networks; starlette's and httpx's test clients are this process."""
        try:
            if client[0] == _TEST_CLIENT:
                return True
            address = ipaddress.ip_address(client[0])
        except (TypeError, ValueError, IndexError):  # a Unix socket: nobody whom an address vouches for
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)

    async def _scrape(self, headers: Mapping[str, str]) -> Response:
        """Ask over the connection that this process has: a new one might be of another user, who is refused."""
        loop = asyncio.get_running_loop()
        page: asyncio.Future[Response] = loop.create_future()

        def settle(response: Response) -> None:
            if not page.done():
                page.set_result(response)

        def deliver(content_type: str, body: bytes) -> None:
            with suppress(RuntimeError):  # the event loop has ended meanwhile
                loop.call_soon_threadsafe(settle, Response(HTTPStatus.OK, content_type, body))

        self._ask(headers.get("accept", ""), deliver)
        return await page


def _is_forwarding(header: str) -> bool:
    return header in _FORWARDING or header.startswith("x-forwarded-")
