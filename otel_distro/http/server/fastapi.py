# SPDX-License-Identifier: Apache-2.0
"""contrib's FastAPI instrumentor, with our middleware in every application that it instruments."""

from __future__ import annotations

from typing import Any

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as ContribMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from otel_distro.ground.patch import Patches
from otel_distro.http.installation import Installation, installation
from otel_distro.http.server import applications, mounts
from otel_distro.http.server.extras import ServerExtras
from otel_distro.http.server.metrics import server_metrics
from otel_distro.http.server.middleware import OpenTelemetryMiddleware
from otel_distro.http.server.request import ServerRequest
from otel_distro.http.server.routes import NoReport, report_class
from otel_distro.http.server.sizes import MeasuredRequest
from otel_distro.http.server.telemetry import ServerTelemetry
from otel_distro.http.server.variants import NativeRequest, WebsocketSession
from otel_distro.settings.model import HttpSettings
from otel_distro.tracing.sampling import samples_without_name
from otel_distro.upstream import http as upstream_http

_patches = Patches()


class NativeCompanion(OpenTelemetryMiddleware):
    """Adds ids and access events to what FastAPI's own telemetry does, which does not step aside for this class."""


def middleware(app: Any, *, tracer: Any, meter: Any, excluded_urls: Any = None, **options: Any) -> Any:
    """Build the middleware of an application: what contrib's instrumentor calls in place of its own class."""
    if not upstream_http.speaks_stable_http():  # the user asks for other conventions: upstream knows them
        return ContribMiddleware(app, tracer=tracer, meter=meter, excluded_urls=excluded_urls, **options)
    installed = installation()
    if installed.access is not None and installed.serving is not None:
        installed.serving()
    telemetry = _telemetry(installed, tracer, meter, options)
    if telemetry.report is not NoReport:
        _without_exception_handler(app)
    if installed.settings.native_telemetry:
        return NativeCompanion(app, telemetry, excluded_urls, {"http": NativeRequest})
    return OpenTelemetryMiddleware(app, telemetry, excluded_urls, _kinds(installed.settings, meter))


def _kinds(settings: HttpSettings, meter: Any) -> dict[str, type[ServerRequest]]:
    kinds = {"http": MeasuredRequest if settings.body_sizes else ServerRequest, "websocket": WebsocketSession}
    if settings.websocket_connections:
        from otel_distro.http.server.websockets import counted_websockets

        kinds["websocket"] = counted_websockets(meter)
    return kinds


def _telemetry(installed: Installation, tracer: Any, meter: Any, options: dict[str, Any]) -> ServerTelemetry:
    extras = ServerExtras(tracer, **options)
    report = report_class()
    needs_name = report is None or extras.messages or not samples_without_name(tracer)
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


class FastApiInstrumentor(FastAPIInstrumentor):
    """Installs through contrib, so that its options, hooks and `uninstrument` work as documented there.

    contrib puts a subclass in the place of `fastapi.FastAPI`, which whoever has imported the class before, or from
    `fastapi.applications`, does not get, and which its checks do not know. The class itself is what we change.
    """

    _instance = None  # one of its own: contrib's may exist before

    def _instrument(self, **kwargs: Any) -> None:
        _stand_in()
        super()._instrument(**{**kwargs, **(upstream_http.options_by_hand(FastAPIInstrumentor) or {})})
        upstream_http.put_fastapi_back(self)
        upstream_http.be_instance_of(FastAPIInstrumentor, self)
        self.follow_class()

    def follow_class(self) -> None:
        """Observe the applications of FastAPI's class, which is another one if FastAPI was imported anew."""
        applications.observe(upstream_http.instrument_options())

    def leave(self) -> None:
        """Observe no new applications; those that exist keep their middleware, which was not made to be taken out."""
        applications.stop_observing()
        upstream_http.be_instance_of(FastAPIInstrumentor, None)
        self._is_instrumented_by_opentelemetry = False

    def _uninstrument(self, **kwargs: Any) -> None:
        applications.stop_observing()
        super()._uninstrument(**kwargs)
        upstream_http.be_instance_of(FastAPIInstrumentor, None)
        _patches.undo()


def prepare() -> None:
    """Have applications that are instrumented by hand get our middleware, and the others no telemetry of FastAPI's own.

    To be called when FastAPI has been imported, whether or not its instrumentation is switched on: switched off shall
    mean no server spans. An application that passes `telemetry` to FastAPI asks for them itself.
    """
    _stand_in()
    if upstream_http.fastapi_request_telemetry() is not None and not installation().settings.native_telemetry:
        applications.without_native_telemetry()


def undo() -> None:
    """Leave FastAPI's class as it was; applications that exist keep what they have."""
    applications.restore()
    upstream_http.leave_background_tasks()
    _patches.undo()


def _stand_in() -> None:
    """Put our middleware in contrib's place, have mounts tell where they lead, and FastAPI ask quickly; once.

    FastAPI may have been imported anew: other classes, and other modules.
    """
    contrib, name = upstream_http.contrib_middleware()
    if not _patches.holds(contrib):
        _patches.set(contrib, name, middleware)
    mounts.follow(_patches)
    quick = upstream_http.quick_request_telemetry()
    if quick is not None and not _patches.holds(quick[0]):
        _patches.set(*quick)
