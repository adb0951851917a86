# SPDX-License-Identifier: Apache-2.0
"""One HTTP request from its scope to its last body byte: span, duration, ids and access event agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import INVALID_SPAN, SpanKind, Status, StatusCode, get_current_span

from otel_distro import diagnostics
from otel_distro.http.attributes import KNOWN_METHODS, method_label, span_name
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.propagation import extract
from otel_distro.http.routes import SCOPE_KEY, mount_prefix
from otel_distro.http.server_attributes import request_attributes, scheme_of, version_of
from otel_distro.http.spans import complete, in_context, sampled_context, start_span, trace_id_hex

if TYPE_CHECKING:
    from otel_distro.http.server import ServerTelemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

REQUEST_KEY = "otel_distro.request"
_ERROR = Status(StatusCode.ERROR)


class ServerRequest:
    """A request that is being served. Created when it arrives; `finish` runs exactly once, whatever ends it."""

    __slots__ = (
        "_attributes",
        "_awaits_trailers",
        "_context",
        "_exception",
        "_finished",
        "_ids_token",
        "_in_flight",
        "_method",
        "_name",
        "_report",
        "_response_headers",
        "_scheme",
        "_scope",
        "_send",
        "_span",
        "_started",
        "_status",
        "_telemetry",
        "_token",
        "_version",
    )

    def __init__(self, telemetry: ServerTelemetry, scope: Scope, send: Send) -> None:
        self._telemetry = telemetry
        self._scope = scope
        self._send = send
        self._started = perf_counter()
        self._finished = self._awaits_trailers = False
        self._exception: BaseException | None = None
        self._status: int | None = None
        method = scope.get("method", "")
        self._method = method if method in KNOWN_METHODS else method_label(method)
        self._scheme, self._version = scheme_of(scope), version_of(scope)
        headers = dict(scope["headers"])
        self._start(headers)
        trace_id = trace_id_hex(self._span)
        ids = telemetry.policy.ids(headers, trace_id)
        self._response_headers = telemetry.policy.response_headers(ids, trace_id)
        self._ids_token = current_ids.set(ids)
        scope[REQUEST_KEY] = self

    def _start(self, headers: dict[bytes, bytes]) -> None:
        """Start the span under what the caller sent and make it current; count the request as in flight."""
        telemetry, scope = self._telemetry, self._scope
        self._report = scope[SCOPE_KEY] = telemetry.report(mount_prefix(scope))
        self._attributes = request_attributes(scope, headers, self._method, self._scheme, self._version)
        self._name = telemetry.first_name(scope, self._method, self._report, self._attributes)
        parent, kind = self._parent(headers)
        wanted = telemetry.policy.requested_trace_id(headers)
        self._span = start_span(telemetry.tracer, self._name, parent, kind, self._attributes, wanted)
        self._context = in_context(self._span, parent)
        self._token = attach(self._context)
        if telemetry.extras is not None:
            telemetry.extras.on_request(self._span, kind, scope)
        self._enter()

    def _enter(self) -> None:
        self._in_flight = self._telemetry.metrics.in_flight(self._method, self._scheme)
        self._in_flight.add(self)

    def _parent(self, headers: dict[bytes, bytes]) -> tuple[Context, SpanKind]:
        """Return the caller's context; within a span of this process the request is a part of that, as upstream has it."""
        parent = get_current()
        if parent and get_current_span(parent) is not INVALID_SPAN:
            return parent, SpanKind.INTERNAL
        if self._telemetry.policy.trust_incoming:
            parent = extract(self._scope["headers"], headers, parent)
        return parent, SpanKind.SERVER

    @property
    def name(self) -> str:
        """The name that the span started with."""
        return self._name

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
            self._respond(message["status"], message)
            self._awaits_trailers = message.get("trailers", False)
        elif kind == "http.response.body":
            if not message.get("more_body", False) and not self._awaits_trailers:
                self.finish()
        elif kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self.finish()

    def _respond(self, status: int, message: Message) -> None:
        """Note the status, and add our headers where the application has not set its own.

        The list of headers may belong to a response object that is used again, so it is copied.
        """
        self._status = status
        headers, ours = list(message.get("headers") or ()), self._response_headers
        names = self._telemetry.policy.names
        taken = [name for name, _ in headers if name in names]
        message["headers"] = headers + ([pair for pair in ours if pair[0] not in taken] if taken else ours)
        if self._telemetry.extras is not None:
            self._telemetry.extras.on_response(self._span, message)

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
        outcome = self._method, self._scheme, self._version, route, self._status, error
        self._telemetry.metrics.record(outcome, elapsed, sampled_context(self._span))
        self._end_span(route, error)
        if self._telemetry.access is not None:
            self._emit_access(self._method, route, elapsed)

    def _error(self) -> str | None:
        """Return `error.type`: a failed status wins over the exception that caused it, as upstream has it."""
        status, exception = self._status, self._exception
        if status is not None and status >= 500:
            return str(status)
        if exception is not None:
            return type(exception).__qualname__
        return "no_response" if status is None else None

    def _end_span(self, route: str | None, error: str | None) -> None:
        span = self._span
        if span.is_recording():
            known: dict[str, Any] = {}
            if route is not None:
                known["http.route"] = route
                if getattr(span, "name", None) == self._name:  # the application may have named it
                    span.update_name(span_name(self._method, route))
            if self._status is not None:
                known["http.response.status_code"] = self._status
            if error is not None:
                known["error.type"] = error
                if self._exception is None:
                    span.set_status(_ERROR)
            complete(span, self._attributes, known)
        span.end()

    def _emit_access(self, method: str, route: str | None, elapsed: float) -> None:
        """Hand the access event to the log room, under the server span even if an inner span is current."""
        scope, client = self._scope, self._scope.get("client")
        token = attach(self._context)
        try:
            self._telemetry.access(
                method=method,
                path=scope.get("path", ""),
                route=route,
                status_code=self._status,
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
