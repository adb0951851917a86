# SPDX-License-Identifier: Apache-2.0
"""Requests that are observed differently: websockets, and those whose span FastAPI's own telemetry makes."""

from __future__ import annotations

from time import perf_counter

from opentelemetry.context import attach, get_current
from opentelemetry.trace import get_current_span

from otel_distro.http.routes import SCOPE_KEY, NoReport
from otel_distro.http.server_request import Message, ServerRequest

_NORMAL_CLOSURES = (1000, 1001)  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
_NOBODY: set[object] = set()


class WebsocketSession(ServerRequest):
    """A websocket from handshake to close: one span and one access event; its duration is not a request's."""

    __slots__ = ()

    def _enter(self) -> None:
        self._in_flight = _NOBODY

    def _observe(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._respond(101, message)
        elif kind == "websocket.http.response.start":
            self._respond(message["status"], message)
        elif kind == "websocket.close" and self._status is None:
            self._status = 403  # what servers answer when a handshake is refused

    def record_exception(self, error: BaseException) -> None:
        """Put an exception on the span, unless it says that the other side went away in good order."""
        if type(error).__name__ == "WebSocketDisconnect" and getattr(error, "code", None) in _NORMAL_CLOSURES:
            return
        super().record_exception(error)

    def finish(self) -> None:
        """Record the session."""
        if self._finished:
            return
        self._finished = True
        elapsed = perf_counter() - self._started
        route = self._report.route
        self._end_span(route, self._error())
        if self._telemetry.access is not None:
            self._emit_access("WEBSOCKET", route, elapsed)


class NativeRequest(ServerRequest):
    """A request whose span and metrics are FastAPI's own: ours are the ids and the access event."""

    __slots__ = ()

    def _start(self, headers: dict[bytes, bytes]) -> None:  # noqa: ARG002 - FastAPI has read them
        self._report = self._scope.get(SCOPE_KEY) or NoReport("")
        self._attributes = {}
        self._name = ""
        self._context = get_current()
        self._span = get_current_span()
        self._token = attach(self._context)
        self._enter()

    def _enter(self) -> None:
        self._in_flight = _NOBODY

    def record_exception(self, error: BaseException) -> None:
        """Keep the exception for the access event."""
        self._exception = error

    def finish(self) -> None:
        """Emit the access event."""
        if not self._finished and self._telemetry.access is not None:
            self._emit_access(self._method, self._report.route, perf_counter() - self._started)
        self._finished = True
