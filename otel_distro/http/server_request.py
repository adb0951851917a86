# SPDX-License-Identifier: Apache-2.0
"""One HTTP request from its scope to its last body byte: span, duration, ids and access event agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import INVALID_SPAN, SpanKind, Status, StatusCode, get_current_span, set_span_in_context

from otel_distro import diagnostics
from otel_distro.http.attributes import KNOWN_METHODS, method_label, span_name
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.propagation import extract
from otel_distro.http.routes import SCOPE_KEY, mount_prefix
from otel_distro.http.server_attributes import connection_attributes, path_attributes, scheme_of, version_of
from otel_distro.http.spans import sampled_context, start_span, trace_id_hex

if TYPE_CHECKING:
    from otel_distro.http.server import ServerTelemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

REQUEST_KEY = "otel_distro.request"


class ServerRequest:
    """A request that is being served. Created when it arrives; `finish` runs exactly once, whatever ends it."""

    __slots__ = (
        "_awaits_trailers",
        "_context",
        "_exception",
        "_finished",
        "_ids_token",
        "_in_flight",
        "_message_headers",
        "_method",
        "_report",
        "_scheme",
        "_scope",
        "_send",
        "_span",
        "_started",
        "_telemetry",
        "_token",
        "status",
    )

    def __init__(self, telemetry: ServerTelemetry, scope: Scope, send: Send) -> None:
        self._telemetry = telemetry
        self._scope = scope
        self._send = send
        self._started = perf_counter()
        self._finished = self._awaits_trailers = False
        self._exception: BaseException | None = None
        self.status: int | None = None
        raw_method = scope.get("method", "")
        self._method = raw_method if raw_method in KNOWN_METHODS else method_label(raw_method)
        self._scheme = scheme_of(scope)
        scope[REQUEST_KEY] = self
        self._report = scope[SCOPE_KEY] = telemetry.report(mount_prefix(scope))
        self._start_span(dict(scope["headers"]))
        self._in_flight = telemetry.metrics.in_flight(self._method, self._scheme)
        self._in_flight.add(self)

    def _start_span(self, headers: dict[bytes, bytes]) -> None:
        """Start the span under what the caller sent, make it current, and bind the ids of the request."""
        telemetry = self._telemetry
        parent, kind = get_current(), SpanKind.INTERNAL
        if get_current_span(parent) is INVALID_SPAN:
            kind = SpanKind.SERVER
            if telemetry.policy.trust_incoming:
                parent = extract(self._scope["headers"], headers, parent)
        wanted = telemetry.policy.requested_trace_id(headers)
        self._span = start_span(
            telemetry.tracer, self.first_name(), parent, kind, self._attributes(headers), wanted
        )
        self._context = set_span_in_context(self._span, parent)
        self._token = attach(self._context)
        trace_id = trace_id_hex(self._span)
        ids = telemetry.policy.ids(headers, trace_id)
        self._message_headers = telemetry.policy.response_headers(ids, trace_id)
        self._ids_token = current_ids.set(ids)

    def first_name(self) -> str:
        """Return the name until the route is known."""
        return span_name(self._method, None)

    def _attributes(self, headers: dict[bytes, bytes]) -> dict[str, Any]:
        scope = self._scope
        attributes: dict[str, Any] = {"http.request.method": self._method}
        if self._method != scope.get("method"):
            attributes["http.request.method_original"] = scope.get("method", "")[:128]
        if self._scheme is not None:
            attributes["url.scheme"] = self._scheme
        version = version_of(scope)
        if version is not None:
            attributes["network.protocol.version"] = version
        path_attributes(scope, attributes)
        connection_attributes(scope, headers, attributes)
        return attributes

    # A plain function that hands on the server's awaitable: one coroutine fewer per message than `async def`.
    def send(self, message: Message) -> Awaitable[None]:
        """Observe a message on its way to the server, which gets the last one only after the request is recorded."""
        try:
            self._observe(message)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        return self._send(message)

    def _observe(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            self._awaits_trailers = message.get("trailers", False)
            self._add_headers(message)
        elif kind == "http.response.body":
            if not message.get("more_body", False) and not self._awaits_trailers:
                self.finish()
        elif kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self.finish()

    def _add_headers(self, message: Message) -> None:
        """Add our headers where the application has not set its own; its list may be shared, so it is copied."""
        headers = list(message.get("headers") or ())
        names = self._telemetry.policy.names
        taken = {name for name, _ in headers if name in names}
        ours = self._message_headers
        message["headers"] = headers + ([pair for pair in ours if pair[0] not in taken] if taken else ours)

    def record_exception(self, error: BaseException) -> None:
        """Put an exception of the application on the span, once, however many layers it passes."""
        if error is self._exception or self._finished:
            return
        self._exception = error
        self._span.record_exception(error)
        self._span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))

    def finish(self) -> None:
        """Record the request: duration, span, access event."""
        if self._finished:
            return
        self._finished = True
        elapsed = perf_counter() - self._started
        self._in_flight.discard(self)
        route, error = self._report.route, self._error()
        self._count(route, error, elapsed)
        self._end_span(route, error)
        if self._telemetry.access is not None:
            self._emit_access(route, elapsed)

    def _error(self) -> str | None:
        """Return `error.type`: a failed status wins over the exception that caused it, as upstream has it."""
        status = self.status
        if status is not None and status >= 500:
            return str(status)
        if self._exception is not None and (status is None or not isinstance(self._exception, Exception)):
            return type(self._exception).__qualname__
        return "no_response" if status is None else None

    def _count(self, route: str | None, error: str | None, elapsed: float) -> None:
        outcome = self._method, self._scheme, version_of(self._scope), route, self.status, error
        self._telemetry.metrics.record(outcome, elapsed, sampled_context(self._span))

    def _end_span(self, route: str | None, error: str | None) -> None:
        span = self._span
        if span.is_recording():
            if route is not None:
                span.set_attribute("http.route", route)
                if getattr(span, "name", None) == self.first_name():
                    span.update_name(span_name(self._method, route))
            if self.status is not None:
                span.set_attribute("http.response.status_code", self.status)
            if error is not None:
                span.set_attribute("error.type", error)
                if self._exception is None:
                    span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _emit_access(self, route: str | None, elapsed: float) -> None:
        """Hand the access event to the log room, under the server span even if an inner span is current."""
        scope, client = self._scope, self._scope.get("client")
        token = attach(self._context)
        try:
            self._telemetry.access(
                method=self._method,
                path=scope.get("path", ""),
                route=route,
                status_code=self.status,
                duration_ms=elapsed * 1000,
                client=client[0] if client else None,
                error=self._exception,
            )
        finally:
            detach(token)

    def close(self) -> None:
        """End what the application left open, and give the context back."""
        try:
            self.finish()
            current_ids.reset(self._ids_token)
            detach(self._token)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
