# SPDX-License-Identifier: Apache-2.0
"""Requests that are observed differently: websockets, and those whose span FastAPI's own telemetry makes."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from opentelemetry.trace import get_current_span

from otel_distro.ground.asgi import Message, Scope, Send
from otel_distro.ground.request_ids import SessionIds
from otel_distro.ground.request_ids import current as current_ids
from otel_distro.http.server.endings import error_type, span_ending
from otel_distro.http.server.request import ServerRequest
from otel_distro.http.server.routes import SCOPE_KEY
from otel_distro.http.server.telemetry import ServerTelemetry
from otel_distro.http.spans import complete, mark_failed
from otel_distro.upstream.context import attach_context, current_context
from otel_distro.upstream.http import get_request_telemetry

# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1; 1005 stands for a close without a status, as browsers send it.
_NORMAL_CLOSURES = (1000, 1001, 1005)


class WebsocketSession(ServerRequest):
    """A websocket from handshake to close: one span and one access event; its duration is not a request's."""

    _complete = True  # it has no end that the application announces

    def __init__(self, telemetry: ServerTelemetry, scope: Scope, send: Send) -> None:
        super().__init__(telemetry, scope, send)
        self._log_ids = SessionIds(self._log_ids)
        current_ids.set(self._log_ids)  # what is given back in the end is what stood before the request

    def _observe(self, kind: Any, message: Message) -> Message:
        if kind == "websocket.accept":
            return self._respond(101, message)
        if kind == "websocket.http.response.start":
            return self._respond(message.get("status"), message)
        if kind == "websocket.close" and self._status is None:
            self._status = 403  # what servers answer when a handshake is refused
        return message

    def fail(self, error: BaseException) -> None:
        """Record a session that ends with an exception, unless it says that the other side left in good order."""
        if not _left_in_order(error):
            super().fail(error)

    def finish(self) -> None:
        """Record the session: span, then access event."""
        if self._finished:
            return
        self._finished = True
        self._arrival.in_flight.discard(self)
        elapsed, route, report = perf_counter() - self._started, None, self._report
        try:
            if report.exceptions and self._exception is None and not _left_in_order(report.exceptions[-1]):
                self._exception = report.exceptions[-1]
            route, error = report.route, None
            if self._status is None or self._exception is not None:
                error = error_type(self._status, self._exception)
                mark_failed(self._span, self._exception)
            more, name = span_ending(self._arrival.method, route, self._status, error)
            told = self._telemetry.policy.on_span(self._log_ids, self._trace_id)
            complete(self._span, self._attributes, {**more, **told}, self.name, name)
            self._span.end()
        finally:
            if self._telemetry.access is not None:
                self._emit_access(self._telemetry.access, "WEBSOCKET", route, elapsed)


def _left_in_order(error: BaseException) -> bool:
    try:
        return type(error).__name__ == "WebSocketDisconnect" and getattr(error, "code", None) in _NORMAL_CLOSURES
    except Exception:  # noqa: BLE001 - the exception is the application's
        return False


class NativeRequest(ServerRequest):
    """A request whose span and metrics are FastAPI's own: ours are the ids and the access event."""

    def _start_span(self, headers: dict[bytes, bytes], pairs: list[tuple[bytes, bytes]]) -> None:  # noqa: ARG002
        """Take FastAPI's span, which is current, and its report."""
        context = current_context()
        self._report = self._scope[SCOPE_KEY] = get_request_telemetry(context) or self._report
        self._span = get_current_span(context)
        self._ids = self._span.get_span_context()
        self._attached = attach_context(context)

    def finish(self) -> None:
        """Emit the access event."""
        if self._finished:
            return
        self._finished = True
        self._arrival.in_flight.discard(self)
        self._span.set_attributes({**self._telemetry.policy.on_span(self._log_ids, self._trace_id)})
        if self._telemetry.access is not None:
            self._emit_access(
                self._telemetry.access, self._arrival.method, self._report.route, perf_counter() - self._started
            )
