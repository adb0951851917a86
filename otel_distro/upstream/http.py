# SPDX-License-Identifier: Apache-2.0
"""Private names of upstream that the HTTP room needs (see `otel_distro.upstream`)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY
from wrapt import FunctionWrapper

from otel_distro.upstream.context import current_context

# A context with none of these has nothing suppressed.
SUPPRESSING = frozenset((_SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation", _SUPPRESS_HTTP_INSTRUMENTATION_KEY))


def propagators_of(textmap: Any) -> list[Any]:
    """Return the propagators that a composite holds, nested ones too."""
    parts = getattr(textmap, "_propagators", None)
    return [textmap] if parts is None else [inner for part in parts for inner in propagators_of(part)]


def fastapi_request_telemetry() -> type | None:
    """Return the class to which FastAPI's router reports the route that it selected; None before FastAPI 0.142."""
    try:
        from fastapi.telemetry._api import _RequestTelemetry
    except ImportError:
        return None
    return _RequestTelemetry


def speaks_stable_http() -> bool:
    """Whether `OTEL_SEMCONV_STABILITY_OPT_IN` asks for the stable HTTP conventions and nothing beside them."""
    from opentelemetry.instrumentation._semconv import (
        _OpenTelemetrySemanticConventionStability as Stability,
    )
    from opentelemetry.instrumentation._semconv import (
        _OpenTelemetryStabilitySignalType as Signal,
    )
    from opentelemetry.instrumentation._semconv import (
        _StabilityMode,
    )

    Stability._initialize()
    return Stability._get_opentelemetry_stability_opt_in_mode(Signal.HTTP) is _StabilityMode.HTTP


def put_fastapi_back(instrumentor: Any) -> None:
    """Give `fastapi.FastAPI` the class back in whose place contrib's instrumentor has just put its own."""
    import fastapi

    fastapi.FastAPI = instrumentor._original_fastapi  # type: ignore[misc]  # as contrib does


def contrib_class() -> Any:
    """Return the class that contrib's instrumentor puts in FastAPI's place."""
    from opentelemetry.instrumentation.fastapi import _InstrumentedFastAPI

    return _InstrumentedFastAPI


def instrument_options() -> dict[str, Any]:
    """Return the options with which contrib's FastAPI instrumentor was told to instrument."""
    return dict(contrib_class()._instrument_kwargs)


def options_by_hand(kind: Any) -> dict[str, Any] | None:
    """Return the options of a contrib instrumentor that the application has told to instrument before us, if it has.

    Where it has put a class of its own in FastAPI's place, FastAPI's is there again.
    """
    instance = kind._instance
    if instance is None or not instance.is_instrumented_by_opentelemetry:
        return None
    put_fastapi_back(instance)
    return instrument_options()


def is_instrumented(application: Any) -> bool:
    """Whether contrib, or we through it, have instrumented an application."""
    return bool(getattr(application, "_is_instrumented_by_opentelemetry", False))


def leave_background_tasks() -> None:
    """Give Starlette's background tasks back what they were before contrib instrumented its first application."""
    from starlette.background import BackgroundTask

    if "_otel_original_call" in vars(BackgroundTask):
        task: Any = BackgroundTask
        task.__call__ = task._otel_original_call
        del task._otel_original_call


def be_instance_of(kind: Any, instance: Any) -> None:
    """Set what `kind()` returns, None for one of its own: contrib's instrumentors are singletons.

    Who has one shall know that ours is at work: so `HTTPXClientInstrumentor().instrument()` of an application says that it is instrumented already, as under
    upstream's launcher, and does not instrument it twice.
    """
    if instance is not None:
        kind._instance = instance
    elif "_instance" in vars(kind):
        del kind._instance  # as it is before anybody asked for one


def http_suppressed(context: Any) -> bool:
    """Whether telemetry of HTTP calls is suppressed in a context (`suppress_instrumentation`, exporters' own calls)."""
    if not context:
        return False
    return bool(
        context.get(_SUPPRESS_INSTRUMENTATION_KEY)
        or context.get("suppress_instrumentation")
        or context.get(_SUPPRESS_HTTP_INSTRUMENTATION_KEY)
    )


def has_patterns(excluded: Any) -> bool:
    """Whether a list of excluded URLs has any."""
    return bool(excluded._excluded_urls)


def limits_are_wide(tracer: Any) -> bool:
    """Whether our server and client spans fit a tracer's limits as they are: no length limit, room for 32 attributes."""
    limits = tracer._span_limits
    number = limits.max_span_attributes
    return limits.max_span_attribute_length is None and (number is None or number >= 32)


def quick_request_telemetry() -> tuple[Any, str, Callable[..., Any]] | None:
    """Return module, name and what may stand there: FastAPI asks for its own telemetry in one call.

    It does so four times per request, four calls deep each time. None before FastAPI 0.142.
    """
    try:
        from fastapi.telemetry import _api
        from fastapi.telemetry._api import _REQUEST_TELEMETRY_KEY as KEY
        from fastapi.telemetry._api import _RequestTelemetry
    except ImportError:
        return None

    def _get_request_telemetry(context: Any = None) -> Any:
        value = (current_context() if context is None else context).get(KEY)
        return value if isinstance(value, _RequestTelemetry) else None

    name = _get_request_telemetry.__name__
    return (_api, name, _get_request_telemetry) if hasattr(_api, name) else None


def get_request_telemetry(context: Any) -> Any:
    """Return what FastAPI's own telemetry keeps of the request that is being served."""
    from fastapi.telemetry._api import _get_request_telemetry

    return _get_request_telemetry(context)


def options_of(wrapper: Any) -> dict[str, Any] | None:
    """Return the options that contrib's httpx instrumentor gives its wrapper at each call; None if it is not one."""
    if not isinstance(wrapper, FunctionWrapper):
        return None
    options = getattr(wrapper._self_wrapper, "keywords", {})
    return options if "duration_histogram_new" in options else None


def httpx_of(options: dict[str, Any]) -> Any:
    """Return the library whose transports contrib has wrapped with these options: only httpx before contrib 0.66."""
    return options.get("module") or sys.modules["httpx"]


def httpx2_instrumentor() -> Any:
    """Return contrib's instrumentor of httpx2; before contrib 0.66 there is none, nor an entry point that would ask for it."""
    from opentelemetry.instrumentation import httpx

    return getattr(httpx, "HTTPX2ClientInstrumentor", httpx.HTTPXClientInstrumentor)


def is_rewrapped(wrapper: Any, module: str) -> bool:
    """Whether a wrapper's function is one of this module's, by `rewrapped`."""
    return isinstance(wrapper, FunctionWrapper) and getattr(wrapper._self_wrapper, "__module__", None) == module


def rewrapped(wrapper: Any, build: Callable[[Any, dict[str, Any]], Any], options: dict[str, Any]) -> Any:
    """Return a wrapper of the same function that calls what `build` makes of the function inside the old one."""
    return FunctionWrapper(wrapper.__wrapped__, build(wrapper._self_wrapper, options))


def transports_of(client: Any) -> list[Any]:
    """Return the transports of a client of httpx: its own, and those of its mounts."""
    return [client._transport, *client._mounts.values()]


def without_class(wrapper: Any, of_class: Any, instance: Any) -> Any:
    """Return the wrapper of an instance's method around the method itself, without the wrapper that its class has."""
    return FunctionWrapper(of_class.__wrapped__.__get__(instance, type(instance)), wrapper._self_wrapper)


def url_parts_of(module: Any) -> Callable[[Any], Any]:
    """Return what gives the seven parts of httpx's URLs: the parsed URL that they keep, or what they tell in public."""
    parsed = attrgetter("_uri_reference")
    try:
        scheme, _, host, _, path, query, _ = parsed(module.URL("http://user@host/path?query#fragment"))
    except (AttributeError, TypeError, ValueError):
        return _public_url_parts
    return parsed if (scheme, host, path, query) == ("http", "host", "/path", "query") else _public_url_parts


def _public_url_parts(url: Any) -> tuple[Any, ...]:
    path, _, query = url.raw_path.decode("ascii").partition("?")
    return url.scheme, "", url.host, url.port, path, query or None, None


def contrib_middleware() -> tuple[Any, str]:
    """Return where contrib's FastAPI instrumentor finds what it builds its middleware with: the name in its module."""
    from opentelemetry.instrumentation import fastapi

    return fastapi, "OpenTelemetryMiddleware"


def with_headers(headers: Any, ours: dict[str, str], ids: list[tuple[str, str]]) -> Any:
    """Return a copy of httpx's headers with others added; None if it has one of `ours`, or keeps headers otherwise.

    Those of `ids` that are there stay. httpx's own methods walk, decode and encode all headers for each name.
    """
    try:
        there = {entry[1] for entry in headers._list}
        entries = headers._list.copy()
        for name, value in ours.items():
            key = name.encode("latin-1")
            if key in there:
                return None
            entries.append((key, key, value.encode("latin-1")))
        for name, value in ids:
            key = name.encode("latin-1")
            if key not in there:
                entries.append((key, key, value.encode("latin-1")))
        copied = object.__new__(type(headers))
        copied._list, copied._encoding = entries, headers._encoding
    except (AttributeError, ValueError):
        return None
    return copied
