# SPDX-License-Identifier: Apache-2.0
"""FastAPI's class, changed in place: an application is observed whoever imported the class, from where and when."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.middleware.errors import ServerErrorMiddleware

from otel_distro.admin import app_pages
from otel_distro.ground.patch import Patches
from otel_distro.http.installation import installation
from otel_distro.http.server.bound_ids import build_with
from otel_distro.http.server.lifespan import application_built
from otel_distro.http.server.middleware import OpenTelemetryMiddleware
from otel_distro.http.server.routes import has_route
from otel_distro.upstream.http import contrib_class, fastapi_request_telemetry, is_instrumented

# FastAPI's own telemetry (since 0.142) would make a second span of every request.
NATIVE_TELEMETRY_OFF = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}

_native, _observed = Patches(), Patches()
Stack = Callable[..., Any]


def fastapi_class() -> Any:
    """Return the class of all applications: not what `fastapi.FastAPI` is, which others may have replaced."""
    return sys.modules["fastapi.applications"].FastAPI


def without_native_telemetry() -> None:
    """Build applications without FastAPI's own telemetry, unless they ask for it."""
    kind = fastapi_class()
    if _native.holds(kind):
        return
    construct = kind.__init__

    @wraps(construct)
    def construct_without(self: Any, *args: Any, telemetry: Any = None, **kwargs: Any) -> None:
        construct(self, *args, telemetry=NATIVE_TELEMETRY_OFF if telemetry is None else telemetry, **kwargs)

    _native.set(kind, "__init__", construct_without)  # subclasses inherit it


def observe(options: Mapping[str, Any]) -> None:
    """Observe all applications: those to come, and those that are there.

    Args:
        options: Of contrib's `instrument_app`.
    """
    kind = fastapi_class()
    if _observed.holds(kind):
        return
    construct, build_stack = kind.__init__, kind.build_middleware_stack

    @wraps(construct)
    def construct_observed(self: Any, *args: Any, **kwargs: Any) -> None:
        construct(self, *args, **_native_telemetry(kwargs))
        application_built()
        if not isinstance(self, contrib_class()):  # which instruments itself
            _instrument(self, options)

    @wraps(build_stack)
    def build_observed(self: Any) -> Any:
        """Build the stack of an application that was constructed before."""
        stack = build_stack(self)
        return stack if is_instrumented(self) else _around(self, stack, options)

    _observed.set(kind, "__init__", construct_observed)
    _observed.set(kind, "build_middleware_stack", build_observed)
    for application in _serving(kind):
        application_built()
        application.middleware_stack = _around(application, application.middleware_stack, options)


def stop_observing() -> None:
    """Build applications as FastAPI does."""
    _observed.undo()


def restore() -> None:
    """Undo all that was changed in the class."""
    _observed.undo()
    _native.undo()


def _native_telemetry(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Switch off what would tell the same as our spans, also where the application asks for it."""
    if fastapi_request_telemetry() is None or installation().settings.native_telemetry:
        return kwargs
    return {**kwargs, "telemetry": {**(kwargs.get("telemetry") or {}), **NATIVE_TELEMETRY_OFF}}


def _serving(kind: type) -> list[Any]:
    """Return the applications that were at work before: `start()` was called late, in a lifespan handler say."""
    # By its class: `isinstance` asks proxies and other objects of the application for it, which then work or raise.
    found = (each for each in gc.get_objects() if issubclass(type(each), kind))
    return [each for each in found if getattr(each, "middleware_stack", None) and not is_instrumented(each)]


def _instrument(application: Any, options: Mapping[str, Any]) -> None:
    """Have contrib put the middleware around all that the application will build."""
    build: Stack = application.build_middleware_stack
    application.build_middleware_stack = lambda: _as_contrib_expects(build_with(application, build))
    FastAPIInstrumentor.instrument_app(application, **options)
    contrib: Stack = application.build_middleware_stack
    application.build_middleware_stack = lambda: _without_outer_guard(contrib(), application)


def _around(application: Any, stack: Any, options: Mapping[str, Any]) -> Any:
    """Return a stack that was built already with contrib's middleware around it."""
    before = vars(application).get("build_middleware_stack")
    application.build_middleware_stack = lambda: stack
    _instrument(application, options)
    observed = application.build_middleware_stack()
    del application.build_middleware_stack
    if before is not None:
        application.build_middleware_stack = before
    return observed


def _as_contrib_expects(stack: Any) -> Any:
    """Return a stack in Starlette's outermost handler, which contrib takes off: a subclass may have put something on."""
    return stack if isinstance(stack, ServerErrorMiddleware) else ServerErrorMiddleware(stack)


def _without_outer_guard(stack: Any, application: Any) -> Any:
    """Return a stack without the outermost handler, with which contrib guards against faults of its middleware."""
    guarded = stack.app if type(stack) is ServerErrorMiddleware else None
    observed = guarded if isinstance(guarded, OpenTelemetryMiddleware) else stack
    return app_pages.around(observed, lambda path: has_route(application, path))
