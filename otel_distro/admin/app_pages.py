# SPDX-License-Identifier: Apache-2.0
"""Pages of ours on the application's own port.

They stand in front of everything that observes requests: never traced, logged or counted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from otel_distro import diagnostics
from otel_distro.admin.http import Response
from otel_distro.ground.asgi import App, Scope, Send
from otel_distro.ground.observed import observed

Answer = Callable[[Scope], Awaitable[Response]]


class AppPages:
    """ASGI middleware that serves some paths and hands everything else on."""

    def __init__(self, app: App, pages: Mapping[str, Answer]) -> None:
        self.app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Serve a request."""
        answer = self._pages.get(scope["path"]) if scope["type"] == "http" else None
        if answer is None:
            await self.app(scope, receive, send)
            return
        observed.set(True)  # the server's line of a scrape or a probe is dropped, too
        response = await answer(scope)
        headers = {"content-type": response.content_type, "content-length": str(len(response.body)), **response.headers}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": int(response.status), "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})


class _Served:
    """What this process serves on the application's port, if anything: path -> answer."""

    pages: Mapping[str, Answer] = {}


def use(pages: Mapping[str, Answer]) -> None:
    """Serve these in applications that are built from now on."""
    _Served.pages = pages


def around(app: App, has_route: Callable[[str], bool]) -> App:
    """Return the application with the pages in front of it, if there are any.

    Args:
        app: What serves everything else.
        has_route: Whether the application has a route of its own for a path, which is never hidden.
    """
    pages = dict(_Served.pages)
    for path in [path for path in pages if has_route(path)]:
        diagnostics.report(f"{path} of the application's port stays the application's: it has a route of its own there")
        del pages[path]
    return AppPages(app, pages) if pages else app
