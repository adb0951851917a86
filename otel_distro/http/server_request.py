# SPDX-License-Identifier: Apache-2.0
"""One HTTP request from its scope to its last body byte: span, duration, ids and access event agree.

Every request runs through this file, so its functions are few and flat: what is called once costs more than what it
does, as the application has filled the processor's caches in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanKind, Status, StatusCode, get_current_span

from otel_distro import diagnostics
from otel_distro.http.attributes import masked_query, text
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.failed import remember
from otel_distro.http.propagation import extract
from otel_distro.http.routes import SCOPE_KEY
from otel_distro.http.server_attributes import MAX_KEPT_BYTES
from otel_distro.http.spans import complete, keep_hex_ids
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context, detach_context

if TYPE_CHECKING:
    from otel_distro.http.server import ServerTelemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# In the scope of a request that is observed. The request itself is not in there: scope, server and request would be a
# cycle, and collecting cycles costs more than everything else here.
OBSERVED_KEY = "otel_distro.observed"
_ERROR = Status(StatusCode.ERROR)


class ServerRequest:
    """A request that is being served. Created when it arrives; `finish` runs exactly once, whatever ends it."""

    _attributes: dict[str, Any] = {}  # noqa: RUF012 - stands for those of a span that is not recorded; nobody writes to it
    _awaits_trailers = False
    _exception: BaseException | None = None
    _finished = False
    _status: int | None = None

    def __init__(self, telemetry: ServerTelemetry, scope: Scope, send: Send) -> None:
        self._started = perf_counter()
        self._telemetry = telemetry
        self._scope = scope
        self._send = send
        scope[OBSERVED_KEY] = True
        headers = dict(scope["headers"])
        self._arrival = arrival = telemetry.metrics.arrivals.of(scope, headers)
        self._report = scope[SCOPE_KEY] = telemetry.report(arrival.prefix)
        self._start_span(headers)
        ids, self._response_headers = telemetry.policy.correlate(headers, keep_hex_ids(self._span, self._ids))
        self._log_ids = ids
        self._bound_ids = current_ids.set(ids)
        arrival.in_flight.add(self)
        if telemetry.started is not None:
            client = scope.get("client")
            telemetry.started(method=arrival.method, path=scope.get("path", ""), client=client[0] if client else None)

    def _start_span(self, headers: dict[bytes, bytes]) -> None:
        """Start the span under what the caller sent, or as a part of this process's own span, and make it current."""
        telemetry, context, kind, parent, wanted = self._telemetry, current_context(), SpanKind.SERVER, None, None
        if context and get_current_span(context) is not INVALID_SPAN:
            parent, kind = get_current_span(context).get_span_context(), SpanKind.INTERNAL
        elif telemetry.policy.trust_incoming:
            context, parent = extract(self._scope["headers"], headers, context)
            if b"x-trace-id" in headers:
                wanted = telemetry.policy.requested_trace_id(headers)
        self.name = self._arrival.name
        attributes: Any = self._collect
        if telemetry.details is not None:
            attributes = self._collect()
            self.name = telemetry.detailed_name(self._scope, self._report, attributes)
        self._span = span = telemetry.start_span(self.name, context, parent, kind, attributes, wanted)
        self._ids = span.get_span_context()
        self._attached = attach_context(Context({**context, SPAN_KEY: span}))
        if telemetry.extras is not None:
            telemetry.extras.on_request(span, kind, self._scope)

    def _collect(self) -> dict[str, Any]:
        """Return what is known of the request now, for a span that is recorded: path, query with its values masked, client.

        What is written to this dict later, the span has.
        """
        scope = self._scope
        self._attributes = attributes = self._arrival.attributes.copy()
        path: str = scope.get("path", "")
        attributes["url.path"] = path if len(path) < MAX_KEPT_BYTES else text(path)
        query = scope.get("query_string")
        if query:
            attributes["url.query"] = masked_query(text(query))
        client = scope.get("client")
        if client is not None:
            attributes["client.address"], attributes["client.port"] = client
        return attributes

    # A plain function that hands on the server's awaitable: one coroutine fewer per message than `async def`.
    def send(self, message: Message) -> Awaitable[None]:
        """Observe a message on its way to the server, which gets the last one only after the request is recorded."""
        try:
            kind = message["type"]
            if kind == "http.response.body":
                if not message.get("more_body", False) and not self._awaits_trailers:
                    self.finish()
            elif kind == "http.response.start":
                self._awaits_trailers = message.get("trailers", False)
                self._respond(message["status"], message)
            else:
                self._observe(kind, message)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        return self._send(message)

    def _observe(self, kind: str, message: Message) -> None:
        """Look at the messages of extensions: a file that the server sends itself, trailers."""
        if kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self.finish()

    def _respond(self, status: int, message: Message) -> None:
        """Note the status, and add our headers where the application has not set its own.

        The list of headers may belong to a response object that is used again, so it is copied.
        """
        self._status = status
        headers, ours = message.get("headers") or (), self._response_headers
        if not self._telemetry.policy.names.isdisjoint(dict(headers)):
            taken = dict(headers)
            ours = [pair for pair in ours if pair[0] not in taken]
        message["headers"] = [*headers, *ours]
        if self._telemetry.extras is not None:
            self._telemetry.extras.on_response(self._span, message)

    def fail(self, error: BaseException) -> None:
        """Record a request that ends with an exception; one that became a response is in the router's report, too."""
        digits = {"trace_id": f"{self._ids.trace_id:032x}", "span_id": f"{self._ids.span_id:016x}"}
        remember(error, {**digits, **self._log_ids})
        if not self._finished:
            self._exception = error
            self.finish()

    def finish(self) -> None:
        """Record the request: duration, span, access event."""
        if self._finished:
            return
        self._finished = True
        elapsed = perf_counter() - self._started
        telemetry, arrival, report, status = self._telemetry, self._arrival, self._report, self._status
        arrival.in_flight.discard(self)
        if self._exception is not None or report.exceptions:
            self._record_exception()
        route, error, ids = report.route, None, self._ids
        if status is None or status >= 500 or self._exception is not None:
            error = self._failed()
        record, more, name = telemetry.endings[arrival.method, arrival.scheme, arrival.version, route, status, error]
        record(elapsed, ids if ids[3] & 1 else None)
        if type(self._span) is not NonRecordingSpan:
            complete(self._span, self._attributes, more, self.name, name)
            self._span.end()
        if telemetry.access is not None:
            self._emit_access(telemetry.access, arrival.method, route, elapsed)

    def _failed(self) -> str:
        """Say on the span that the request has failed, unless an exception has said so, and return `error.type`."""
        if self._exception is None and self._span.is_recording():
            self._span.set_status(_ERROR)
        return self._error()

    def _error(self) -> str:
        """Return `error.type`: a failed status wins over the exception that caused it, as upstream has it."""
        if self._status is not None and self._status >= 500:
            return str(self._status)
        return "no_response" if self._exception is None else type(self._exception).__qualname__

    def _record_exception(self) -> None:
        """Put the exception that the application did not handle on the span."""
        self._exception = error = self._exception or self._report.exceptions[-1]
        if self._span.is_recording():
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))

    def _emit_access(self, emit: Callable[..., Any], method: str, route: str | None, elapsed: float) -> None:
        """Hand the access event to the log room."""
        scope, client = self._scope, self._scope.get("client")
        emit(
            method=method,
            path=scope.get("path", ""),
            route=route,
            status_code=self._status,
            duration_ms=elapsed * 1000,
            client=client[0] if client else None,
            error=self._exception,
            span=self._span,
            ids=self._log_ids,
        )

    def close(self) -> None:
        """End what the application left open, and give the context back."""
        try:
            if not self._finished:
                self.finish()
            del self._scope[OBSERVED_KEY]  # whoever drives an application by hand may use a scope again
            current_ids.reset(self._bound_ids)
            detach_context(self._attached)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
