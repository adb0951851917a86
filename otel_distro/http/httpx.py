# SPDX-License-Identifier: Apache-2.0
"""contrib's httpx instrumentors, with our call path inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.metrics import Histogram

from otel_distro.http.client import begin, finish
from otel_distro.http.client_telemetry import ClientTelemetry
from otel_distro.http.instrumentors import Installation, installation
from otel_distro.upstream.http import handle_async_request, handle_request

# What upstream's path knows and ours does not.
_UNUSUAL = {
    "duration_histogram_old",
    "request_hook",
    "response_hook",
    "async_request_hook",
    "async_response_hook",
    "captured_request_headers",
    "captured_response_headers",
}
_telemetries: WeakKeyDictionary[Histogram, tuple[Installation, ClientTelemetry]] = WeakKeyDictionary()


def _telemetry(args: tuple[Any, ...], options: dict[str, Any]) -> ClientTelemetry | None:
    """Return what observes a call on our path; None if upstream must: other conventions, hooks, captured headers."""
    histogram = options["duration_histogram_new"]
    if histogram is None or not args or not isinstance(args[0], options["module"].Request):
        return None
    installed = installation()
    known = _telemetries.get(histogram)
    if known is None or known[0] is not installed:
        known = installed, ClientTelemetry(options["tracer"], histogram, installed.policy)
        _telemetries[histogram] = known
    for name in options.keys() & _UNUSUAL:
        if options[name]:
            return None
    return known[1]


def _is_excluded(request: Any, excluded_urls: Any) -> bool:
    return bool(installation().settings.client_excluded_urls) and excluded_urls.url_disabled(str(request.url))


class _OurPath:
    """Overrides the two functions through which contrib's instrumentors send every call."""

    @staticmethod
    def _handle_request_wrapper(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], **options: Any
    ) -> Any:
        telemetry = _telemetry(args, options)
        if telemetry is None:
            return handle_request(wrapped, instance, args, kwargs, **options)
        call = None if _is_excluded(args[0], options["excluded_urls"]) else begin(args[0], telemetry)
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            response = wrapped(*args, **kwargs)
        except BaseException as error:
            finish(call, None, error)
            raise
        finish(call, response, None)
        return response

    @staticmethod
    async def _handle_async_request_wrapper(
        wrapped: Callable[..., Awaitable[Any]],
        instance: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        **options: Any,
    ) -> Any:
        telemetry = _telemetry(args, options)
        if telemetry is None:
            return await handle_async_request(wrapped, instance, args, kwargs, **options)
        call = None if _is_excluded(args[0], options["excluded_urls"]) else begin(args[0], telemetry)
        if call is None:
            return await wrapped(*args, **kwargs)
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            finish(call, None, error)
            raise
        finish(call, response, None)
        return response


class HttpxInstrumentor(_OurPath, HTTPXClientInstrumentor):
    """Observes httpx."""


class Httpx2Instrumentor(_OurPath, HTTPX2ClientInstrumentor):
    """Observes httpx2."""
