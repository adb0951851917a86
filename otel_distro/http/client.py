# SPDX-License-Identifier: Apache-2.0
"""One outgoing httpx call: span, duration, headers; what sync and async transports share."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from opentelemetry.context import attach, detach, get_current
from opentelemetry.metrics import Histogram
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from otel_distro import diagnostics, upstream_http
from otel_distro.http.attributes import DEFAULT_PORTS, KNOWN_METHODS, masked_url, method_label, span_name
from otel_distro.http.client_metrics import client_metrics
from otel_distro.http.correlation import Policy
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.propagation import inject
from otel_distro.http.spans import sampled_context, start_span, trace_id_hex

Request = Any  # httpx is the application's, and may be absent or httpx2
Response = Any


class ClientCall:
    """A call that is being made; `end` runs exactly once, whatever ends it."""

    __slots__ = ("_context", "_histogram", "_host", "_method", "_port", "_started", "_token", "span")

    def __init__(self, request: Request, tracer: Tracer, histogram: Histogram, policy: Policy) -> None:
        self._histogram = histogram
        raw_method = request.method
        self._method = raw_method if raw_method in KNOWN_METHODS else method_label(raw_method)
        url = request.url
        self._host, self._port = url.host, url.port or DEFAULT_PORTS.get(url.scheme)
        parent = get_current()
        name = span_name(self._method, None)
        self.span = start_span(tracer, name, parent, SpanKind.CLIENT, self._attributes(raw_method, url))
        self._context = set_span_in_context(self.span, parent)
        self._send_ids(request, policy)
        self._token = attach(self._context)
        self._started = perf_counter()

    def _attributes(self, raw_method: str, url: Any) -> dict[str, Any]:
        path, _, query = url.raw_path.decode("ascii").partition("?")
        attributes: dict[str, Any] = {
            "http.request.method": self._method,
            "url.full": masked_url(url.scheme, self._host, url.port, path, query),
            "server.address": self._host,
        }
        if self._port is not None:
            attributes["server.port"] = self._port
        if self._method != raw_method:
            attributes["http.request.method_original"] = raw_method[:128]
        return attributes

    def _send_ids(self, request: Request, policy: Policy) -> None:
        """Put trace context and correlation ids on the request; a host that is not on the list gets no ids of ours."""
        headers = request.headers.copy()
        inject(headers, self._context, self.span.get_span_context())
        trace_id = trace_id_hex(self.span) if self.span.get_span_context().is_valid else None
        ids = policy.outgoing(trace_id, current_ids.get())
        if policy.allows(self._host):
            for name, value in ids:
                headers.setdefault(name, value)
        else:
            # httpx copies the headers of a redirected request, and the next host may be a stranger.
            for name, value in ids:
                if headers.get(name) == value:
                    del headers[name]
        request.headers = headers

    def succeed(self, response: Response) -> None:
        """Record the answer of the server."""
        status = response.status_code
        version = response.extensions.get("http_version", b"").decode("ascii", "ignore").removeprefix("HTTP/") or None
        error = str(status) if status >= 400 else None
        span = self.span
        if span.is_recording():
            span.set_attribute("http.response.status_code", status)
            if version is not None:
                span.set_attribute("network.protocol.version", version)
            if error is not None:
                span.set_attribute("error.type", error)
                span.set_status(Status(StatusCode.ERROR))
        self._end(version, status, error)

    def fail(self, error: BaseException) -> None:
        """Record a call that raised; unlike upstream it has a duration, too."""
        kind = type(error).__qualname__
        span = self.span
        if span.is_recording():
            span.set_attribute("error.type", kind)
            if isinstance(error, Exception):
                span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        self._end(None, None, kind)

    def _end(self, version: str | None, status: int | None, error: str | None) -> None:
        elapsed = perf_counter() - self._started
        outcome = self._method, self._host, self._port, version, status, error
        client_metrics(self._histogram).record(outcome, elapsed, sampled_context(self.span))
        self.span.end()

    def leave(self) -> None:
        """Give the context back."""
        detach(self._token)


def begin(request: Request, tracer: Tracer, histogram: Histogram, policy: Policy) -> ClientCall | None:
    """Start observing a call; None if telemetry is suppressed, or a fault of ours prevents it."""
    if upstream_http.http_suppressed(get_current()):
        return None
    try:
        return ClientCall(request, tracer, histogram, policy)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", error)
        return None


def finish(call: ClientCall, response: Response | None, error: BaseException | None) -> None:
    """Record how a call ended and leave its context."""
    try:
        if error is None:
            call.succeed(response)
        else:
            call.fail(error)
        call.leave()
    except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", fault)
