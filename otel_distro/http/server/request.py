# SPDX-License-Identifier: Apache-2.0
"""One HTTP request from its scope to its last body byte: span, duration, ids and access event agree.

A guest: what is the application's (messages, exceptions, hooks, samplers) may raise anything anywhere, so every method
that it is called through is guarded, and what is recorded is recorded in three steps of which a fault costs one.

Every request runs through here, so functions are few and flat: a call costs more than what it does (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanKind, get_current_span

from otel_distro import diagnostics
from otel_distro.ground.asgi import Message, Scope, Send
from otel_distro.ground.exceptions import is_failure
from otel_distro.ground.observed import observed
from otel_distro.ground.request_ids import current as current_ids
from otel_distro.ground.request_ids import remember
from otel_distro.http.attributes import masked_query, text
from otel_distro.http.propagation import extract
from otel_distro.http.server.arrivals import MAX_KEPT_BYTES
from otel_distro.http.server.asgi_messages import PAIRS, ends_response, listed, normalised, number
from otel_distro.http.server.endings import error_type
from otel_distro.http.server.routes import SCOPE_KEY
from otel_distro.http.spans import complete, forget_line_ids, keep_hex_ids, mark_failed, unrecorded
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context, detach_context
from otel_distro.upstream.servers import left_by_client
from otel_distro.upstream.tracing import TRACE_FLAGS

if TYPE_CHECKING:
    from otel_distro.http.server.telemetry import ServerTelemetry

# In the scope of a request that is observed: the ids that its response will carry, as pairs of a header. The request itself
# is not in there: scope, server and request would be a cycle, and collecting cycles costs more than everything else here.
OBSERVED_KEY = "otel_distro.observed"


class ServerRequest:
    """A request that is being served. Created when it arrives; `finish` runs exactly once, whatever ends it."""

    _attributes: dict[str, Any] = {}  # noqa: RUF012 - stands for those of a span that is not recorded; nobody writes to it
    _aborted = False
    _arrival: Any = None
    _attached: Any = None
    _awaits_trailers = False
    _bound_ids: Any = None
    _complete = False
    _exception: BaseException | None = None
    _finished = False
    _given: Any = None
    _span: Any = None
    _status: int | None = None

    def __init__(self, telemetry: ServerTelemetry, scope: Scope, send: Send) -> None:
        self._started = perf_counter()
        self._telemetry = telemetry
        self._scope = scope
        self._send = send
        try:
            given = found = scope.get("headers")
            if type(given) is not list:
                found, given = listed(scope), scope.get("headers")
            pairs = found or []
            try:
                headers = dict(pairs)
                usual = b"".join(headers).islower()
            except (TypeError, ValueError):
                usual = False
            if not usual:
                headers = dict(pairs := normalised(pairs))
            self._arrival = arrival = telemetry.metrics.arrivals.of(scope, headers)
            self._report = scope[SCOPE_KEY] = telemetry.report(arrival.prefix)
            client = scope.get("client")
            self._client = client[0] if type(client) in PAIRS and client else None
            self._start_span(headers, pairs)
            self._trace_id = keep_hex_ids(self._span, self._ids)
            self._log_ids, self._response_headers, missing = telemetry.policy.correlate(headers, self._trace_id)
            self._bound_ids = current_ids.set(self._log_ids)
            scope[OBSERVED_KEY] = self._response_headers
            if found is not None and given is not None:
                # Whatever mints ids further in adopts ours, as if the caller had sent them.
                self._given, scope["headers"] = given, [*found, *missing]
            observed.set(telemetry.access is not None)
            arrival.in_flight.add(self)
        except BaseException:
            self._undo()
            raise
        if telemetry.started is not None:
            self._announce(telemetry.started)

    def _start_span(self, headers: dict[bytes, bytes], pairs: list[tuple[bytes, bytes]]) -> None:
        """Start the span under what the caller sent, or as a part of this process's own span, and make it current."""
        telemetry, context, kind, parent, wanted = self._telemetry, current_context(), SpanKind.SERVER, None, None
        self.name = self._arrival.name
        try:
            current = get_current_span(context) if context else INVALID_SPAN
            if current is not INVALID_SPAN:
                if current_ids.get() is None or current.is_recording():
                    parent, kind = current.get_span_context(), SpanKind.INTERNAL
                else:  # a request that has ended: uvicorn starts pipelined ones within the one before
                    context = Context()
            if kind is SpanKind.SERVER and telemetry.policy.trust_incoming:
                context, parent = extract(pairs, headers, context)
                if b"x-trace-id" in headers:
                    wanted = telemetry.policy.requested_trace_id(headers)
            attributes: Any = self._collect
            if telemetry.details is not None:
                attributes = self._collect()
                self.name = telemetry.detailed_name(self._scope, self._report, attributes)
            span = telemetry.start_span(self.name, context, parent, kind, attributes, wanted)
        except Exception as error:  # noqa: BLE001 - samplers and processors are the application's
            diagnostics.fault("http.server", error)
            span = unrecorded(parent)
        self._span = span
        self._ids = span.get_span_context()
        self._attached = attach_context(Context({**context, SPAN_KEY: span}))
        if telemetry.extras is not None:
            telemetry.extras.on_request(span, kind, self._scope)

    def _announce(self, started: Callable[..., Any]) -> None:
        """Hand the event of the request's begin to the log room."""
        try:
            started(method=self._arrival.method, path=self._path(), client=self._client)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)

    def _path(self) -> str:
        path = self._scope.get("path", "")
        return path if type(path) is str and len(path) < MAX_KEPT_BYTES else text(path)

    def _collect(self) -> dict[str, Any]:
        """Return what is known now, for a span that is recorded; what is written to this dict later, the span has."""
        scope = self._scope
        attributes: dict[str, Any] = self._arrival.attributes.copy()
        self._attributes = attributes
        path = scope.get("path", "")
        attributes["url.path"] = path if type(path) is str and len(path) < MAX_KEPT_BYTES else text(path)
        if query := scope.get("query_string"):
            attributes["url.query"] = masked_query(text(query))
        if self._client is not None:
            client = scope["client"]
            attributes["client.address"] = self._client
            if len(client) == 2 and client[1] is not None:
                attributes["client.port"] = client[1]
        return attributes

    # A plain function that hands on the server's awaitable: one coroutine fewer per message than `async def`.
    def send(self, message: Message) -> Awaitable[None]:
        """Observe a message on its way to the server, which gets the last one only after the request is recorded."""
        try:
            kind = message.get("type")
            if kind == "http.response.body":
                if not message.get("more_body", False):
                    self._complete = True
                    if self._status is not None and not self._awaits_trailers:
                        self.finish()
            elif kind == "http.response.start":
                self._awaits_trailers = message.get("trailers", False)
                message = self._respond(message.get("status"), message)
            else:
                message = self._observe(kind, message)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        return self._send(message)

    def _observe(self, kind: Any, message: Message) -> Message:
        """Look at the messages of extensions."""
        if ends_response(kind, message) and self._status is not None:
            self.finish()
        return message

    def _respond(self, status: Any, message: Message) -> Message:
        """Note the status, and return the message with our headers where the application has not set its own.

        The message and its headers may belong to somebody who uses them again, so they are copied.
        """
        self._status = status if type(status) is int else number(status)
        headers = message.get("headers")
        if type(headers) is not list or not PAIRS.issuperset(map(type, headers)):
            message = {**message}
            headers = listed(message)
        if headers is None:
            return message
        try:
            names = dict(headers)
            if not b"".join(names).islower():
                names = dict(normalised(headers))
            ours = self._response_headers
            if not self._telemetry.policy.names.isdisjoint(names):
                self._telemetry.policy.take_answered(names, self._log_ids, self._trace_id)
                forget_line_ids(self._span)
                ours = [pair for pair in ours if pair[0] not in names]
        except (TypeError, ValueError):  # no headers: the server will say so
            return message
        message = {**message, "headers": [*headers, *ours]}
        if self._telemetry.extras is not None:
            self._telemetry.extras.on_response(self._span, message)
        return message

    def fail(self, error: BaseException) -> None:
        """Record a request that ends with an exception; one that became a response is in the router's report, too."""
        try:
            remember(error, {"trace_id": self._trace_id, "span_id": f"{self._ids.span_id:016x}", **self._log_ids})
            if not self._finished:
                self._exception = error
                if not is_failure(error):  # cancelled: the client or the server goes away
                    self._aborted = True
                elif self._status is None:
                    self._status = 500  # what every server answers now
                self.finish()
        except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", fault)

    def finish(self) -> None:
        """Record the request: duration, then span, then access event; a fault costs one of them."""
        if self._finished:
            return
        self._finished = True
        elapsed = perf_counter() - self._started
        telemetry, arrival, report, ids, span = self._telemetry, self._arrival, self._report, self._ids, self._span
        arrival.in_flight.discard(self)
        route = error = name = None
        more: dict[str, Any] = {}
        try:
            left = left_by_client[type(getattr(self._send, "__self__", None))]
            if left is not None and left(self._send):
                self._aborted = True
            if report.exceptions and self._exception is None:
                self._exception = report.exceptions[-1]
            route, status = report.route, self._status
            if status is None or status >= 500 or self._exception is not None:
                error = error_type(status, self._exception)
            self._outcome = outcome = arrival.method, arrival.scheme, arrival.version, route, status, error
            record, more, name = telemetry.endings[outcome]
            record(elapsed, ids if ids[TRACE_FLAGS] & 1 else None)
        finally:
            try:
                if type(span) is not NonRecordingSpan:
                    try:
                        if error is not None:
                            mark_failed(span, self._exception)
                        for value in self._log_ids.values():
                            if value is not self._trace_id:
                                more = {**more, **telemetry.policy.on_span(self._log_ids, self._trace_id)}
                                break
                        complete(span, self._attributes, more, self.name, name)
                    finally:
                        span.end()
            finally:
                if telemetry.access is not None:
                    self._emit_access(telemetry.access, arrival.method, route, elapsed)

    def _emit_access(self, emit: Callable[..., Any], method: str, route: str | None, elapsed: float) -> None:
        """Hand the access event to the log room."""
        emit(
            method=method,
            path=self._path(),
            route=route,
            status_code=self._status,
            duration_ms=elapsed * 1000,
            client=self._client,
            error=self._exception,
            span=self._span,
            ids=self._log_ids,
            aborted=self._aborted,
        )

    def close(self) -> None:
        """End what the application left open, and give the context back."""
        try:
            if not self._finished:
                self._aborted = self._aborted or (self._status is not None and not self._complete)
                self.finish()
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        try:
            self._scope.pop(OBSERVED_KEY, None)  # whoever drives an application by hand may use a scope again
            if self._given is not None:
                self._scope["headers"] = self._given
            if self._attached is not None:
                detach_context(self._attached)
            if self._bound_ids is not None:
                current_ids.reset(self._bound_ids)
        except Exception as error:  # noqa: BLE001 - a context that the application has left already
            diagnostics.fault("http.server", error)

    def _undo(self) -> None:
        """Give back what was taken, since the request cannot be observed after all."""
        self._finished = True
        if self._arrival is not None:
            self._arrival.in_flight.discard(self)
        self._scope.pop(SCOPE_KEY, None)
        self.close()
