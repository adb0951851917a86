# SPDX-License-Identifier: Apache-2.0
"""The ASGI middleware that stands where upstream's `OpenTelemetryMiddleware` stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry.trace import Tracer
from opentelemetry.util.http import ExcludeList

from otel_distro import diagnostics
from otel_distro.http.correlation import Policy
from otel_distro.http.lifespan import flushing, serving
from otel_distro.http.routes import NoReport
from otel_distro.http.server_endings import Endings
from otel_distro.http.server_extras import ServerExtras
from otel_distro.http.server_metrics import ServerMetrics
from otel_distro.http.server_request import OBSERVED_KEY, Scope, Send, ServerRequest
from otel_distro.http.server_variants import WebsocketSession
from otel_distro.http.spans import starter
from otel_distro.upstream.context import current_context
from otel_distro.upstream.http import has_patterns, http_suppressed

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
AccessEvent = Callable[..., Any]
SpanDetails = Callable[[Scope], tuple[str, dict[str, Any]]]


class ServerTelemetry:
    """What all requests of an application share.

    Attributes:
        start_span: Starts the span of a request; a root takes the caller's trace id, if it asked for one.
        endings: How requests end, by their outcome.
        report: Makes the object that the router tells the route to.
        details: Finds name and attributes by matching all routes, where they must be known before the router ran.
        extras: Hooks, captured headers and message spans, if any were asked for.
        access: Takes the access event; None if there is none.
        started: Takes the event of a request's begin; None if there is none.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        tracer: Tracer,
        metrics: ServerMetrics,
        policy: Policy,
        *,
        report: Callable[[str], Any] = NoReport,
        details: SpanDetails | None = None,
        extras: ServerExtras | None = None,
        access: AccessEvent | None = None,
        started: AccessEvent | None = None,
    ) -> None:
        self.start_span = starter(tracer)
        self.metrics = metrics
        self.endings = Endings(metrics)
        self.policy = policy
        self.report = report
        self.details = details
        self.extras = extras
        self.access = access
        self.started = started

    def detailed_name(self, scope: Scope, report: Any, attributes: dict[str, Any]) -> str:
        """Return the name that a span starts with where the route must be known from the start."""
        name, more = self.details(scope) if self.details is not None else ("HTTP", {})
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
        self._excluded = excluded_urls if excluded_urls is not None and has_patterns(excluded_urls) else None
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
        kind, context = self._kinds.get(scope["type"]), current_context()
        if kind is None or OBSERVED_KEY in scope or (context and http_suppressed(context)):
            return None
        try:
            if self._excluded is not None and self._excluded.url_disabled(_url(scope)):
                return None
            return kind(self._telemetry, scope, send)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
            return None


def _url(scope: Scope) -> str:
    """Return the URL that excluded patterns are matched against, as upstream builds it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        address, port = scope.get("server") or ("0.0.0.0", 80)  # noqa: S104 - upstream's placeholder, nothing binds
        host = address if port in (80, None) else f"{address}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('path', '')}"
