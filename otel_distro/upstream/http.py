# SPDX-License-Identifier: Apache-2.0
"""Private names of upstream that the HTTP room needs (see `otel_distro.upstream`)."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY
from wrapt import FunctionWrapper

from otel_distro.tracing.sampling import shortcut
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


def instrumented_fastapi() -> Any:
    """Return the class that contrib's instrumentor puts in FastAPI's place."""
    from opentelemetry.instrumentation.fastapi import _InstrumentedFastAPI

    return _InstrumentedFastAPI


def http_suppressed(context: Any) -> bool:
    """Whether telemetry of HTTP calls is suppressed in a context (`suppress_instrumentation`, exporters' own calls)."""
    if not context:
        return False
    return bool(
        context.get(_SUPPRESS_INSTRUMENTATION_KEY)
        or context.get("suppress_instrumentation")
        or context.get(_SUPPRESS_HTTP_INSTRUMENTATION_KEY)
    )


def samples_without_name(tracer: Any) -> bool:
    """Whether a tracer's sampler decides by parent and trace id alone, so that the name may follow later."""
    sampler = getattr(tracer, "sampler", None)
    return sampler is None or shortcut(sampler) is not None


def has_patterns(excluded: Any) -> bool:
    """Whether a list of excluded URLs has any."""
    return bool(excluded._excluded_urls)


def limits_are_wide(tracer: Any) -> bool:
    """Whether our server and client spans fit a tracer's limits as they are: no length limit, room for 32 attributes."""
    limits = tracer._span_limits
    number = limits.max_span_attributes
    return limits.max_span_attribute_length is None and (number is None or number >= 32)


def quicken_request_telemetry() -> None:
    """Have FastAPI ask for its own telemetry in one call: it does so four times per request, four calls deep each time."""
    try:
        from fastapi.telemetry import _api
        from fastapi.telemetry._api import _REQUEST_TELEMETRY_KEY as KEY
        from fastapi.telemetry._api import _RequestTelemetry
    except ImportError:
        return

    def _get_request_telemetry(context: Any = None) -> Any:
        value = (current_context() if context is None else context).get(KEY)
        return value if isinstance(value, _RequestTelemetry) else None

    if hasattr(_api, "_get_request_telemetry"):
        _api._get_request_telemetry = _get_request_telemetry


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


def rewrapped(wrapper: Any, build: Callable[[Any, dict[str, Any]], Any], options: dict[str, Any]) -> Any:
    """Return a wrapper of the same function that calls what `build` makes of the function inside the old one."""
    return FunctionWrapper(wrapper.__wrapped__, build(wrapper._self_wrapper, options))


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


def set_contrib_middleware(factory: Any) -> None:
    """Set what contrib's FastAPI instrumentor builds its middleware with: the name in its module."""
    from opentelemetry.instrumentation import fastapi

    vars(fastapi)["OpenTelemetryMiddleware"] = factory


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
