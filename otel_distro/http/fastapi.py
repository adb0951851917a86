# SPDX-License-Identifier: Apache-2.0
"""contrib's FastAPI instrumentor, with our middleware in every application that it instruments."""

from __future__ import annotations

from functools import wraps
from typing import Any

import fastapi
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as ContribMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.middleware.errors import ServerErrorMiddleware

from otel_distro.admin import app_path
from otel_distro.http import mounts
from otel_distro.http.instrumentors import Installation, installation
from otel_distro.http.lifespan import application_built
from otel_distro.http.routes import NoReport, report_class
from otel_distro.http.server import OpenTelemetryMiddleware, ServerTelemetry
from otel_distro.http.server_extras import ServerExtras
from otel_distro.http.server_metrics import server_metrics
from otel_distro.http.server_sizes import MeasuredRequest
from otel_distro.http.server_variants import NativeRequest, WebsocketSession
from otel_distro.logs.access import take_over
from otel_distro.upstream import http as upstream_http

# FastAPI's own telemetry (since 0.142) would make a second span of every request.
NATIVE_TELEMETRY_OFF = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


class NativeCompanion(OpenTelemetryMiddleware):
    """Adds ids and access events to what FastAPI's own telemetry does, which does not step aside for this class."""


def middleware(app: Any, *, tracer: Any, meter: Any, excluded_urls: Any = None, **options: Any) -> Any:
    """Build the middleware of an application: what contrib's instrumentor calls in place of its own class."""
    if not upstream_http.speaks_stable_http():  # the user asks for other conventions: upstream knows them
        return ContribMiddleware(app, tracer=tracer, meter=meter, excluded_urls=excluded_urls, **options)
    installed = installation()
    if installed.access is not None:
        take_over()
    telemetry = _telemetry(installed, tracer, meter, options)
    if telemetry.report is not NoReport:
        _without_exception_handler(app)
    if installed.settings.native_telemetry:
        return NativeCompanion(app, telemetry, excluded_urls, {"http": NativeRequest})
    kinds = {"http": MeasuredRequest, "websocket": WebsocketSession} if installed.settings.body_sizes else None
    return OpenTelemetryMiddleware(app, telemetry, excluded_urls, kinds)


def _telemetry(installed: Installation, tracer: Any, meter: Any, options: dict[str, Any]) -> ServerTelemetry:
    extras = ServerExtras(tracer, **options)
    report = report_class()
    needs_name = report is None or extras.messages or not upstream_http.samples_without_name(tracer)
    return ServerTelemetry(
        tracer,
        server_metrics(meter),
        installed.policy,
        report=report or NoReport,
        details=options.get("default_span_details") if needs_name else None,
        extras=extras or None,
        access=installed.access,
        started=installed.started,
    )


def _without_exception_handler(app: Any) -> None:
    """Take out contrib's handler that records exceptions: FastAPI reports them, once for mounted applications, too."""
    handler: Any = getattr(app, "app", None)
    if type(handler).__name__ == "ExceptionHandlerMiddleware":
        app.app = handler.app


class InstrumentedFastAPI(upstream_http.instrumented_fastapi()):  # type: ignore[misc]  # found at run time
    """FastAPI with our middleware and without its own telemetry."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if upstream_http.fastapi_request_telemetry() is not None and not installation().settings.native_telemetry:
            kwargs["telemetry"] = {**(kwargs.get("telemetry") or {}), **NATIVE_TELEMETRY_OFF}
        super().__init__(*args, **kwargs)
        application_built()
        self._contrib_stack: Any = self.build_middleware_stack
        self.build_middleware_stack: Any = self._without_outer_guard

    def _without_outer_guard(self) -> Any:
        """Build the stack without the outermost handler, with which contrib guards against faults of its middleware."""
        stack = self._contrib_stack()
        guarded = stack.app if type(stack) is ServerErrorMiddleware else None
        return app_path.around(guarded if isinstance(guarded, OpenTelemetryMiddleware) else stack)


def prepare() -> None:
    """Have applications that are instrumented by hand get our middleware, and the others no telemetry of FastAPI's own.

    To be called when FastAPI has been imported, whether or not its instrumentation is switched on: switched off shall
    mean no server spans. An application that passes `telemetry` to FastAPI asks for them itself.
    """
    mounts.follow()
    upstream_http.set_contrib_middleware(middleware)
    upstream_http.quicken_request_telemetry()
    if upstream_http.fastapi_request_telemetry() is None or installation().settings.native_telemetry:
        return
    construct: Any = fastapi.FastAPI.__init__

    @wraps(construct)
    def construct_without(self: fastapi.FastAPI, *args: Any, telemetry: Any = None, **kwargs: Any) -> None:
        construct(self, *args, telemetry=NATIVE_TELEMETRY_OFF if telemetry is None else telemetry, **kwargs)

    fastapi.FastAPI.__init__ = construct_without  # type: ignore[method-assign]  # subclasses inherit it


class FastApiInstrumentor(FastAPIInstrumentor):
    """Installs through contrib, so that its options, hooks and `uninstrument` work as documented there."""

    def _instrument(self, **kwargs: Any) -> None:
        mounts.follow()
        upstream_http.set_contrib_middleware(middleware)
        super()._instrument(**kwargs)
        fastapi.FastAPI = InstrumentedFastAPI  # type: ignore[misc]  # as contrib does

    def _uninstrument(self, **kwargs: Any) -> None:
        super()._uninstrument(**kwargs)
        mounts.stop_following()
        upstream_http.set_contrib_middleware(ContribMiddleware)
