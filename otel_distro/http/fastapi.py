# SPDX-License-Identifier: Apache-2.0
"""contrib's FastAPI instrumentor, with our middleware in every application that it instruments."""

from __future__ import annotations

from typing import Any

import fastapi
from opentelemetry.instrumentation import fastapi as contrib
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as ContribMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from otel_distro import upstream_http
from otel_distro.http.instrumentors import installation
from otel_distro.http.routes import report_class
from otel_distro.http.server import OpenTelemetryMiddleware, ServerTelemetry

# FastAPI's own telemetry (since 0.142) would make a second span of every request.
NATIVE_TELEMETRY_OFF = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def middleware(app: Any, *, tracer: Any, meter: Any, excluded_urls: Any = None, **options: Any) -> Any:
    """Build the middleware of an application: what contrib's instrumentor calls in place of its own class."""
    if not upstream_http.speaks_stable_http():  # the user asks for other conventions: upstream knows them
        return ContribMiddleware(app, tracer=tracer, meter=meter, excluded_urls=excluded_urls, **options)
    installed = installation()
    telemetry = ServerTelemetry(tracer, meter, installed.policy, report_class(), installed.access)
    return OpenTelemetryMiddleware(app, telemetry, excluded_urls)


class InstrumentedFastAPI(upstream_http.instrumented_fastapi()):  # type: ignore[misc]  # found at run time
    """FastAPI with our middleware and without its own telemetry."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if upstream_http.fastapi_request_telemetry() is not None and not installation().settings.native_telemetry:
            kwargs["telemetry"] = {**(kwargs.get("telemetry") or {}), **NATIVE_TELEMETRY_OFF}
        super().__init__(*args, **kwargs)


class FastApiInstrumentor(FastAPIInstrumentor):
    """Installs through contrib, so that its options, hooks and `uninstrument` work as documented there."""

    def _instrument(self, **kwargs: Any) -> None:
        contrib.OpenTelemetryMiddleware = middleware
        super()._instrument(**kwargs)
        fastapi.FastAPI = InstrumentedFastAPI

    def _uninstrument(self, **kwargs: Any) -> None:
        super()._uninstrument(**kwargs)
        contrib.OpenTelemetryMiddleware = ContribMiddleware
