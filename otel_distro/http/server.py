# SPDX-License-Identifier: Apache-2.0
"""The ASGI middleware that stands where upstream's `OpenTelemetryMiddleware` stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry.context import get_current
from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer
from opentelemetry.util.http import ExcludeList

from otel_distro import diagnostics, upstream_http
from otel_distro.http.correlation import Policy
from otel_distro.http.routes import NoReport
from otel_distro.http.server_metrics import server_metrics
from otel_distro.http.server_request import REQUEST_KEY, Scope, Send, ServerRequest

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
AccessEvent = Callable[..., None]


class ServerTelemetry:
    """What all requests of an application share."""

    def __init__(
        self,
        tracer: Tracer,
        meter: Meter,
        policy: Policy,
        report: Callable[[str], Any] | None = None,
        access: AccessEvent | None = None,
    ) -> None:
        self.tracer = tracer
        self.metrics = server_metrics(meter)
        self.policy = policy
        self.report = report or NoReport
        self.access = access


class OpenTelemetryMiddleware:
    """Observes the requests of one application.

    FastAPI's own telemetry steps aside for a class of this name and module in the middleware stack.
    """

    __module__ = "opentelemetry.instrumentation.asgi"

    def __init__(self, app: App, telemetry: ServerTelemetry, excluded_urls: ExcludeList | None = None) -> None:
        self.app = app
        self._telemetry = telemetry
        self._excluded = excluded_urls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a websocket or the lifespan of the application."""
        request = self._begin(scope, send)
        if request is None:
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, request.send)
        except BaseException as error:
            request.record_exception(error)
            raise
        finally:
            request.close()

    def _begin(self, scope: Scope, send: Send) -> ServerRequest | None:
        """Start observing; None for what is not observed, or was already further out (a mounted application)."""
        if scope["type"] != "http" or REQUEST_KEY in scope or upstream_http.http_suppressed(get_current()):
            return None
        try:
            return None if self._is_excluded(scope) else ServerRequest(self._telemetry, scope, send)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
            return None

    def _is_excluded(self, scope: Scope) -> bool:
        return self._excluded is not None and self._excluded.url_disabled(_url(scope))


def _url(scope: Scope) -> str:
    """Return the URL that excluded patterns are matched against, as upstream builds it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        address, port = scope.get("server") or ("0.0.0.0", 80)  # noqa: S104 - upstream's placeholder, nothing binds
        host = address if port in (80, None) else f"{address}:{port}"
    return f"{scope.get('scheme', 'http')}://{host}{scope.get('path', '')}"
