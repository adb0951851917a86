# SPDX-License-Identifier: Apache-2.0
"""Requests that are observed differently: websockets, and those whose span FastAPI's own telemetry makes."""

from __future__ import annotations

from time import perf_counter

from opentelemetry.trace import get_current_span

from otel_distro.http.routes import SCOPE_KEY
from otel_distro.http.server_endings import span_ending
from otel_distro.http.server_request import Message, ServerRequest
from otel_distro.http.spans import complete
from otel_distro.upstream.context import attach_context, current_context
from otel_distro.upstream.http import get_request_telemetry

_NORMAL_CLOSURES = (1000, 1001)  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1


class WebsocketSession(ServerRequest):
    """A websocket from handshake to close: one span and one access event; its duration is not a request's."""

    def _observe(self, kind: str, message: Message) -> None:
        if kind == "websocket.accept":
            self._respond(101, message)
        elif kind == "websocket.http.response.start":
            self._respond(message["status"], message)
        elif kind == "websocket.close" and self._status is None:
            self._status = 403  # what servers answer when a handshake is refused

    def fail(self, error: BaseException) -> None:
        """Record a session that ends with an exception, unless it says that the other side left in good order."""
        if type(error).__name__ != "WebSocketDisconnect" or getattr(error, "code", None) not in _NORMAL_CLOSURES:
            super().fail(error)

    def finish(self) -> None:
        """Record the session."""
        if self._finished:
            return
        self._finished = True
        elapsed = perf_counter() - self._started
        if self._exception is not None or self._report.exceptions:
            self._record_exception()
        route, error = self._report.route, None
        if self._status is None or self._exception is not None:
            error = self._failed()
        more, name = span_ending(self._arrival.method, route, self._status, error)
        complete(self._span, self._attributes, more, self.name, name)
        self._span.end()
        self._arrival.in_flight.discard(self)
        if self._telemetry.access is not None:
            self._emit_access(self._telemetry.access, "WEBSOCKET", route, elapsed)


class NativeRequest(ServerRequest):
    """A request whose span and metrics are FastAPI's own: ours are the ids and the access event."""

    def _start_span(self, headers: dict[bytes, bytes]) -> None:  # noqa: ARG002
        """Take FastAPI's span, which is current, and its report."""
        context = current_context()
        self._report = self._scope[SCOPE_KEY] = get_request_telemetry(context) or self._report
        self._span = get_current_span(context)
        self._ids = self._span.get_span_context()
        self._attached = attach_context(context)

    def finish(self) -> None:
        """Emit the access event."""
        self._arrival.in_flight.discard(self)
        if not self._finished and self._telemetry.access is not None:
            self._emit_access(
                self._telemetry.access, self._arrival.method, self._report.route, perf_counter() - self._started
            )
        self._finished = True
