# SPDX-License-Identifier: Apache-2.0
"""contrib's httpx instrumentors, with our call path inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor

from otel_distro.http.client import begin, finish
from otel_distro.http.instrumentors import installation


def _is_usual(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether a call can take our path: stable conventions, a request object, no hooks and captured headers."""
    return (
        options["duration_histogram_new"] is not None
        and options["duration_histogram_old"] is None
        and bool(args)
        and isinstance(args[0], options["module"].Request)
        and not any(options.get(name) for name in UNUSUAL)
    )


UNUSUAL = (
    "request_hook",
    "response_hook",
    "async_request_hook",
    "async_response_hook",
    "captured_request_headers",
    "captured_response_headers",
)


def _is_excluded(request: Any, excluded_urls: Any) -> bool:
    return bool(installation().settings.client_excluded_urls) and excluded_urls.url_disabled(str(request.url))


class _OurPath:
    """Overrides the two functions through which contrib's instrumentors send every call."""

    @staticmethod
    def _handle_request_wrapper(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any], **options: Any
    ) -> Any:
        if not _is_usual(args, options):
            return _upstream_sync(wrapped, instance, args, kwargs, **options)
        request = args[0]
        if _is_excluded(request, options["excluded_urls"]):
            return wrapped(*args, **kwargs)
        call = begin(request, options["tracer"], options["duration_histogram_new"], installation().policy)
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
        if not _is_usual(args, options):
            return await _upstream_async(wrapped, instance, args, kwargs, **options)
        request = args[0]
        if _is_excluded(request, options["excluded_urls"]):
            return await wrapped(*args, **kwargs)
        call = begin(request, options["tracer"], options["duration_histogram_new"], installation().policy)
        if call is None:
            return await wrapped(*args, **kwargs)
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            finish(call, None, error)
            raise
        finish(call, response, None)
        return response


_upstream_sync = HTTPXClientInstrumentor._handle_request_wrapper
_upstream_async = HTTPXClientInstrumentor._handle_async_request_wrapper


class HttpxInstrumentor(_OurPath, HTTPXClientInstrumentor):
    """Observes httpx."""


class Httpx2Instrumentor(_OurPath, HTTPX2ClientInstrumentor):
    """Observes httpx2."""
