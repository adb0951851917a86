# SPDX-License-Identifier: Apache-2.0
"""The ASGI middleware that stands where upstream's `OpenTelemetryMiddleware` stood."""

from __future__ import annotations

from opentelemetry.util.http import ExcludeList

from otel_distro import diagnostics
from otel_distro.ground.asgi import App, Receive, Scope, Send
from otel_distro.ground.observed import observed
from otel_distro.http.server.asgi_messages import listed, normalised
from otel_distro.http.server.bound_ids import OutsideIds
from otel_distro.http.server.extras import ServerExtras
from otel_distro.http.server.lifespan import serving, watched
from otel_distro.http.server.request import OBSERVED_KEY, ServerRequest
from otel_distro.http.server.telemetry import ServerTelemetry
from otel_distro.http.server.variants import WebsocketSession
from otel_distro.upstream.context import current_context
from otel_distro.upstream.http import has_patterns, http_suppressed


class OpenTelemetryMiddleware:
    """Observes the requests of one application.

    FastAPI's own telemetry steps aside for a class of this name and module in the middleware stack.
    """

    __module__ = "opentelemetry.instrumentation.asgi"

    def __init__(
        self,
        app: App,
        telemetry: ServerTelemetry,
        excluded_urls: ExcludeList | None = None,
        kinds: dict[str, type[ServerRequest]] | None = None,
    ) -> None:
        self.app = app
        self._telemetry = telemetry
        self._excluded = excluded_urls if excluded_urls is not None and has_patterns(excluded_urls) else None
        self._kinds = kinds or {"http": ServerRequest, "websocket": WebsocketSession}
        self._watched = False
        self._outside: OutsideIds | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a websocket or the lifespan of the application."""
        if not self._watched:
            self._watched = True
            self._outside = OutsideIds()  # in the context that the server begins with, if it begins with the lifespan
            serving()
        request = self._begin(scope, send)
        if request is None:
            if scope.get("type") == "lifespan":
                receive, send = watched(receive, send)
            await self.app(scope, receive, send)
            return
        try:
            if self._telemetry.extras is None:
                await self.app(scope, receive, request.send)
            else:
                await self._serve_with_extras(self._telemetry.extras, request, scope, receive)
        except BaseException as error:
            request.fail(error)
            raise
        finally:
            request.close()

    async def _serve_with_extras(
        self, extras: ServerExtras, request: ServerRequest, scope: Scope, receive: Receive
    ) -> None:
        name = request.name
        await self.app(
            scope, extras.observed_receive(name, scope, receive), extras.observed_send(name, scope, request.send)
        )

    def _begin(self, scope: Scope, send: Send) -> ServerRequest | None:
        """Start observing; None for what is not observed, or is already observed further out (a mounted application)."""
        kind, context = self._kinds.get(scope.get("type", "")), current_context()
        if kind is None or OBSERVED_KEY in scope or (context and http_suppressed(context)):
            return None
        try:
            if self._excluded is not None and self._excluded.url_disabled(_url(scope)):
                observed.set(self._telemetry.access is not None)  # excluded from the log, too
                return None
            request = kind(self._telemetry, scope, send)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
            return None
        if self._outside is not None:
            self._look_outside(self._outside, scope)
        return request

    def _look_outside(self, outside: OutsideIds, scope: Scope) -> None:
        try:
            self._outside = outside.take(scope)
        except Exception as error:  # noqa: BLE001 - the same
            diagnostics.fault("http.server", error)


def _url(scope: Scope) -> str:
    """Return the URL that excluded patterns are matched against, as upstream builds it."""
    headers = dict(normalised(listed(scope) or ()))
    host = headers[b"host"].decode("latin-1") if b"host" in headers else None
    if host is None:
        address, port = scope.get("server") or ("0.0.0.0", 80)  # noqa: S104 - upstream's placeholder, nothing binds
        host = address if port in (80, None) else f"{address}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('path', '')}"
