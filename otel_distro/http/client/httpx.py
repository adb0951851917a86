# SPDX-License-Identifier: Apache-2.0
"""contrib's httpx instrumentors, with our call path inside.

contrib puts a wrapper around the transports' methods, which it gives eleven options at every call. Once it has done so
we look at the options, and put our own function into the wrapper if our path knows them all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import getattr_static
from typing import Any, ClassVar

from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from otel_distro.ground.patch import Patches
from otel_distro.http.attributes import expressions
from otel_distro.http.client.call import begin, finish
from otel_distro.http.client.telemetry import ClientTelemetry
from otel_distro.http.installation import installation
from otel_distro.upstream.http import (
    be_instance_of,
    has_patterns,
    httpx2_instrumentor,
    httpx_of,
    is_rewrapped,
    options_of,
    rewrapped,
    transports_of,
    url_parts_of,
    without_class,
)

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
_EXPRESSIONS = ("captured_request_headers", "captured_response_headers", "sensitive_headers")
_METHODS = ("handle_request", "handle_async_request")

Wrapper = Callable[..., Any]


class _OurPath:
    """Puts our path where contrib has just put its own."""

    _instance: Any = None  # one of its own: contrib's may exist before
    _contrib: ClassVar[Any]
    _by_client: ClassVar[Patches]
    _module: Any
    _module_name: ClassVar[str]

    def _instrument(self, **options: Any) -> None:
        transports = self._transports()
        super()._instrument(**{**options, **_hooks_by_hand(transports)})  # type: ignore[misc]  # contrib's, which comes next
        for each in transports:
            _take_over(each)
        be_instance_of(self._contrib, self)
        if not self._by_client.holds(self._contrib):
            self._by_client.set(self._contrib, "instrument_client", vars(type(self))["instrument_client"])

    def _uninstrument(self, **options: Any) -> None:
        super()._uninstrument(**options)  # type: ignore[misc]  # as above
        be_instance_of(self._contrib, None)
        self._by_client.undo()

    def follow_class(self) -> None:
        """Observe the library's transports, which are others if it was imported anew."""
        if not any(is_observed(each) for each in self._transports()):
            self._instrument(skip_dep_check=True)

    def leave(self) -> None:
        """Observe the library no longer."""
        self.uninstrument()  # type: ignore[attr-defined]  # as above

    def _transports(self) -> tuple[Any, Any]:
        module: Any = sys.modules[self._module_name]
        type(self)._module = module  # noqa: SLF001 - our own class's, which contrib reads
        return module.HTTPTransport, module.AsyncHTTPTransport


def _of_client(contrib: Any) -> Any:
    """Build the `instrument_client` of our class, which takes the place of contrib's, too.

    It takes contrib's arguments, also where the class of all clients is not instrumented; where it is, a client is observed once.
    """
    original = contrib.instrument_client.__func__

    @wraps(original)
    def instrument_client(cls: Any, client: Any, *arguments: Any, **options: Any) -> None:
        original(cls, client, *arguments, **options)
        for transport in transports_of(client):
            _take_over(transport)

    return classmethod(instrument_client)


class HttpxInstrumentor(_OurPath, HTTPXClientInstrumentor):
    """Observes httpx."""

    _contrib = HTTPXClientInstrumentor
    _module_name = "httpx"
    _by_client = Patches()
    instrument_client = _of_client(_contrib)


class Httpx2Instrumentor(_OurPath, httpx2_instrumentor()):  # type: ignore[misc]  # found at run time
    """Observes httpx2."""

    _contrib = httpx2_instrumentor()
    _module_name = "httpx2"
    _by_client = Patches()
    instrument_client = _of_client(_contrib)


def _hooks_by_hand(transports: tuple[Any, Any]) -> dict[str, Any]:
    """Undo what the application has instrumented by hand, before us and by what conventions ever; return its hooks."""
    hooks = {}
    for transport, method in zip(transports, _METHODS, strict=True):
        wrapper = vars(transport).get(method)
        options = options_of(wrapper) or {}
        hooks.update({name: hook for name, hook in options.items() if name.endswith("_hook") and hook is not None})
        if options:
            setattr(transport, method, wrapper.__wrapped__)
    return hooks


def is_observed(transport: Any) -> bool:
    """Whether a class of transports has a wrapper of contrib's, or of ours."""
    wrappers = [vars(transport).get(method) for method in _METHODS]
    return any(options_of(each) is not None or is_rewrapped(each, __name__) for each in wrappers)


def _take_over(transport: Any) -> None:
    """Replace contrib's wrappers of a transport, or of a class of transports, where ours can do the same."""
    for method in _METHODS:
        theirs = getattr(transport, "__dict__", {}).get(method)
        options = options_of(theirs)
        if options is not None:
            theirs = _outermost(transport, method, theirs)
            options.update({name: expressions(options[name]) for name in _EXPRESSIONS if name in options})
        if options is None or options["duration_histogram_new"] is None or any(map(options.get, _UNUSUAL)):
            continue
        build = _path if method == "handle_request" else _async_path
        setattr(transport, method, rewrapped(theirs, build, options))


def _outermost(transport: Any, method: str, wrapper: Any) -> Any:
    """Return the wrapper of one transport around the plain method, where its class has a wrapper that would observe once more."""
    of_class = None if isinstance(transport, type) else getattr_static(type(transport), method, None)
    if options_of(of_class) is None and not is_rewrapped(of_class, __name__):
        return wrapper
    setattr(transport, method, alone := without_class(wrapper, of_class, transport))
    return alone


def _telemetry(options: dict[str, Any]) -> ClientTelemetry:
    url_parts = url_parts_of(httpx_of(options))
    return ClientTelemetry(options["tracer"], options["duration_histogram_new"], installation().policy, url_parts)


def _observes(options: dict[str, Any]) -> Callable[[Any], bool]:
    """Return whether a call is observed, as a function of its request."""
    excluded = options["excluded_urls"]
    if not has_patterns(excluded):
        return lambda _: True
    return lambda request: not excluded.url_disabled(str(request.url))


def _path(contrib: Wrapper, options: dict[str, Any]) -> Wrapper:
    telemetry, observes, kind = _telemetry(options), _observes(options), httpx_of(options).Request

    def handle_request(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        request = args[0] if args else kwargs.get("request")
        if not isinstance(request, kind):  # httpx before 0.20
            return contrib(wrapped, instance, args, kwargs) if args else wrapped(*args, **kwargs)
        call = begin(request, telemetry) if observes(request) else None
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
    telemetry, observes, kind = _telemetry(options), _observes(options), httpx_of(options).Request

    async def handle_async_request(
        wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        request = args[0] if args else kwargs.get("request")
        if not isinstance(request, kind):  # httpx before 0.20
            return await (contrib(wrapped, instance, args, kwargs) if args else wrapped(*args, **kwargs))
        call = begin(request, telemetry) if observes(request) else None
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
