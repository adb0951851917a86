# SPDX-License-Identifier: Apache-2.0
"""contrib's httpx instrumentors, with our call path inside.

contrib puts a wrapper around the transports' methods, which it gives eleven options at every call. Once it has done so
we look at the options, and put our own function into the wrapper if our path knows them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor

from otel_distro.http.client import begin, finish
from otel_distro.http.client_telemetry import ClientTelemetry
from otel_distro.http.instrumentors import installation
from otel_distro.upstream.http import has_patterns, options_of, rewrapped, url_parts_of

# What upstream's path knows and ours does not.
_UNUSUAL = (
    "duration_histogram_old",
    "request_hook",
    "response_hook",
    "async_request_hook",
    "async_response_hook",
    "captured_request_headers",
    "captured_response_headers",
)
_METHODS = ("handle_request", "handle_async_request")

Wrapper = Callable[..., Any]


class _OurPath:
    """Puts our path where contrib has just put its own."""

    _module: Any

    def _instrument(self, **options: Any) -> None:
        super()._instrument(**options)  # type: ignore[misc]  # of contrib's instrumentor, which comes next
        _take_over(self._module.HTTPTransport)
        _take_over(self._module.AsyncHTTPTransport)

    @classmethod
    def instrument_client(cls, client: Any, *arguments: Any, **options: Any) -> None:
        """Instrument one client, with contrib's arguments."""
        super().instrument_client(client, *arguments, **options)  # type: ignore[misc]  # as above
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - as contrib does
            _take_over(transport)


class HttpxInstrumentor(_OurPath, HTTPXClientInstrumentor):
    """Observes httpx."""


class Httpx2Instrumentor(_OurPath, HTTPX2ClientInstrumentor):
    """Observes httpx2."""


def _take_over(transport: Any) -> None:
    """Replace contrib's wrappers of a transport, or of a class of transports, where ours can do the same."""
    for method in _METHODS:
        theirs = getattr(transport, "__dict__", {}).get(method)
        options = options_of(theirs)
        if options is None or options["duration_histogram_new"] is None or any(map(options.get, _UNUSUAL)):
            continue
        build = _path if method == "handle_request" else _async_path
        setattr(transport, method, rewrapped(theirs, build, options))


def _telemetry(options: dict[str, Any]) -> ClientTelemetry:
    url_parts = url_parts_of(options["module"])
    return ClientTelemetry(options["tracer"], options["duration_histogram_new"], installation().policy, url_parts)


def _observes(options: dict[str, Any]) -> Callable[[Any], bool]:
    """Return whether a call is observed, as a function of its request."""
    excluded = options["excluded_urls"]
    if not has_patterns(excluded):
        return lambda _: True
    return lambda request: not excluded.url_disabled(str(request.url))


def _path(contrib: Wrapper, options: dict[str, Any]) -> Wrapper:
    telemetry, observes, kind = _telemetry(options), _observes(options), options["module"].Request

    def handle_request(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not args or not isinstance(args[0], kind):  # httpx before 0.20
            return contrib(wrapped, instance, args, kwargs)
        call = begin(args[0], telemetry) if observes(args[0]) else None
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            response = wrapped(*args, **kwargs)
        except BaseException as error:
            finish(call, None, error)
            raise
        finish(call, response, None)
        return response

    return handle_request


def _async_path(contrib: Wrapper, options: dict[str, Any]) -> Wrapper:
    telemetry, observes, kind = _telemetry(options), _observes(options), options["module"].Request

    async def handle_async_request(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not args or not isinstance(args[0], kind):  # httpx before 0.20
            return await contrib(wrapped, instance, args, kwargs)
        call = begin(args[0], telemetry) if observes(args[0]) else None
        if call is None:
            return await wrapped(*args, **kwargs)
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            finish(call, None, error)
            raise
        finish(call, response, None)
        return response

    return handle_async_request
