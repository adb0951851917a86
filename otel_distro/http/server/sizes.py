# SPDX-License-Identifier: Apache-2.0
"""Sizes of request and response bodies, for services that ask for them: two histograms more for every request."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.asgi import Message
from otel_distro.http.server.asgi_messages import normalised
from otel_distro.http.server.request import ServerRequest
from otel_distro.upstream.tracing import TRACE_FLAGS

# What a header announces is all that is known of a body that nobody reads. One absurd number would drown all others in
# the sum, so nothing is believed that has more digits than a terabyte.
_MOST_DIGITS = 13


def content_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the size that a Content-Length header announces, in bytes; None if there is none that can be believed."""
    value = dict(normalised(headers)).get(b"content-length")
    return int(value) if value is not None and value.isdigit() and len(value) <= _MOST_DIGITS else None


class MeasuredRequest(ServerRequest):
    """A request whose bodies are measured: what their headers announce, or what was sent of a response without one."""

    _announced: int | None = None
    _sent = 0

    def send(self, message: Message) -> Awaitable[None]:
        """Measure a message before it is observed, as the last one ends the request."""
        if self._announced is None:
            self._measure(message)
        return super().send(message)

    def _measure(self, message: Message) -> None:
        try:
            if message.get("type") == "http.response.body":
                self._sent += len(message.get("body", b""))
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)

    def _respond(self, status: Any, message: Message) -> Message:
        """Note what the response's headers announce, once they can be read more than once."""
        message = super()._respond(status, message)
        headers = message.get("headers")
        self._announced = content_length(headers) if type(headers) is list else None
        return message

    def finish(self) -> None:
        """Record the request and its sizes."""
        if self._finished:
            return
        try:
            super().finish()
        finally:
            self._record_sizes()

    def _record_sizes(self) -> None:
        metrics, outcome = self._telemetry.metrics, self._outcome
        sampled = self._ids if self._ids[TRACE_FLAGS] & 1 else None
        received = content_length(self._scope.get("headers") or ())
        if received is not None:
            metrics.request_sizes[outcome].record(received, sampled)
        if self._status is not None:
            sent = self._sent if self._announced is None else self._announced
            metrics.response_sizes[outcome].record(sent, sampled)
