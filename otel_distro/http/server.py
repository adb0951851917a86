# SPDX-License-Identifier: Apache-2.0
"""The ASGI middleware that stands where upstream's `OpenTelemetryMiddleware` stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import get_current
from opentelemetry.trace import Tracer
from opentelemetry.util.http import ExcludeList

from otel_distro import diagnostics, upstream_http
from otel_distro.http.attributes import span_name
from otel_distro.http.correlation import Policy
from otel_distro.http.lifespan import flushing, serving
from otel_distro.http.routes import NoReport
from otel_distro.http.server_extras import ServerExtras
from otel_distro.http.server_metrics import ServerMetrics
from otel_distro.http.server_request import REQUEST_KEY, Scope, Send, ServerRequest
from otel_distro.http.server_variants import WebsocketSession

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
AccessEvent = Callable[..., Any]
SpanDetails = Callable[[Scope], tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class ServerTelemetry:
    """What all requests of an application share.

    Attributes:
        report: Makes the object that the router tells the route to.
        details: Finds name and attributes by matching all routes, where they must be known before the router ran.
        extras: Hooks, captured headers and message spans, if any were asked for.
        access: Takes the access event; None if there is none.
    """

    tracer: Tracer
    metrics: ServerMetrics
    policy: Policy
    report: Callable[[str], Any] = NoReport
    details: SpanDetails | None = None
    extras: ServerExtras | None = None
    access: AccessEvent | None = None

    def first_name(self, scope: Scope, method: str, report: Any, attributes: dict[str, Any]) -> str:
        """Return the name that a span starts with: its method, unless the route must be known from the start."""
        if self.details is None:
            return span_name(method, None)
        name, more = self.details(scope)
        report.route = more.get("http.route")
        attributes.update(more)
        return name


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
        self._excluded = excluded_urls
        self._kinds = kinds or {"http": ServerRequest, "websocket": WebsocketSession}
        self._watched = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a websocket or the lifespan of the application."""
        if not self._watched:
            self._watched = True
            serving()
        request = self._begin(scope, send)
        if request is None:
            await self.app(scope, receive, flushing(send) if scope["type"] == "lifespan" else send)
            return
        try:
            if self._telemetry.extras is None:
                await self.app(scope, receive, request.send)
            else:
                await self._serve_with_extras(self._telemetry.extras, request, scope, receive)
        except BaseException as error:
            request.record_exception(error)
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
        kind = self._kinds.get(scope["type"])
        if kind is None or REQUEST_KEY in scope or upstream_http.http_suppressed(get_current()):
            return None
        try:
            return None if self._is_excluded(scope) else kind(self._telemetry, scope, send)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
            return None

    def _is_excluded(self, scope: Scope) -> bool:
        return self._excluded is not None and self._excluded.url_disabled(_url(scope))


class ExceptionRecorder:
    """Keeps an exception for the span before an error handler turns it into a response and ends the request."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and let every exception pass."""
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            request = scope.get(REQUEST_KEY)
            if request is not None:
                request.record_exception(error)
            raise


def _url(scope: Scope) -> str:
    """Return the URL that excluded patterns are matched against, as upstream builds it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        address, port = scope.get("server") or ("0.0.0.0", 80)  # noqa: S104 - upstream's placeholder, nothing binds
        host = address if port in (80, None) else f"{address}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('path', '')}"
