# SPDX-License-Identifier: Apache-2.0
"""One message, or one batch, that is being processed: span, ids, durations and log lines agree.

It is current from its making to its end, wherever that is called: where the context is another one by then, that one is
left alone. Every message of a consumer comes this way, so functions are few and flat.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanKind, Status, StatusCode

from otel_distro import diagnostics
from otel_distro.ground.exceptions import description_of, is_failure, kind_of
from otel_distro.ground.logged_exceptions import is_logged, mark_logged
from otel_distro.ground.request_ids import MessageIds
from otel_distro.ground.request_ids import current as current_ids
from otel_distro.http.spans import keep_hex_ids, link_to, unrecorded
from otel_distro.messaging.headers import Origin
from otel_distro.messaging.stages import Stage, logger
from otel_distro.messaging.telemetry import Source, Telemetry
from otel_distro.upstream.context import BAGGAGE_KEY, SPAN_KEY, attach_context, current_context

_CONSUMER = SpanKind.CONSUMER
_OF_A_TRACE = frozenset((SPAN_KEY, BAGGAGE_KEY))
_DEBUG = logging.DEBUG

_NOBODYS = MessageIds()

# What is being processed, by the identity of the message: whoever processes one by hand finds it here.
open_by_message: dict[int, Processing] = {}


class Processing:
    """A message or a batch that is being processed; `end` runs once, whatever calls it first.

    Args:
        telemetry: What all messages share.
        source: Their topic and group.
        message: What the client handed out.
        origin: Where it comes from.
        attributes: Of its span, which keeps this very dict: the source's, and partition, offset, the size of a batch.
        stage: Its stage, where the topic does not say it.
    """

    __slots__ = (
        "_attributes",
        "_before",
        "_context",
        "_error",
        "_ids_before",
        "_span_ids",
        "_started",
        "ended",
        "ids",
        "message",
        "source",
        "span",
        "stage",
        "starts",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - what is known of a message where it is handed out
        self,
        telemetry: Telemetry,
        source: Source,
        message: Any,
        origin: Origin,
        attributes: dict[str, Any],
        stage: Stage | None = None,
    ) -> None:
        self._started = perf_counter()
        self._error: BaseException | None = None
        self.source, self._attributes, self.message, self.ended = source, attributes, message, False
        self.stage = stage = stage or source.stage
        if stage is not None:
            attributes["pipeline.stage"] = stage.name
        parent, links, brought, given, self.starts = origin
        self._before, self._ids_before = before, _ = current_context(), current_ids.get()
        base: dict[str, Any] = {} if parent is None else {SPAN_KEY: NonRecordingSpan(parent)}
        if before or brought:
            base = {**_around(before), **brought, **base}
        try:
            span = telemetry.start(source.name, base, parent, _CONSUMER, attributes)
            for link in links:
                link_to(span, link)
        except Exception as error:  # noqa: BLE001 - samplers and processors are the application's
            diagnostics.fault("messaging.process", error)
            span = unrecorded(parent)
        self.span = span
        self._span_ids = span_ids = span.get_span_context()
        fields = telemetry.log_fields
        if len(given) != len(fields):
            given = {**dict.fromkeys(fields, keep_hex_ids(span, span_ids)), **given}
        self.ids = ids = MessageIds(given)
        ids.processing = self
        self._context = context = Context({**base, SPAN_KEY: span})
        open_by_message[id(message)] = self
        attach_context(context)
        current_ids.set(ids)
        if logger.isEnabledFor(_DEBUG):
            self._tell("entered")

    def failed(self, error: BaseException) -> None:
        """Take an exception that was logged as an error, or that has left the handler: the first of them counts."""
        if self._error is None and is_failure(error):
            self._error = error
            if self.span.is_recording():
                self.span.record_exception(error)
                self.span.set_status(Status(StatusCode.ERROR, description_of(error)))

    def raised(self, error: BaseException) -> None:
        """Take the exception that leaves the handler, and write its line, unless one was written."""
        if is_failure(error):
            told = self._error is error
            self.failed(error)
            if not told:
                tell_failure(error, self._what(), self._extra())

    def enter_stage(self, stage: Stage) -> None:
        """Take the name of the stage that this is, from whoever processes the message by hand."""
        self.stage = stage
        self.span.set_attribute("pipeline.stage", stage.name)

    def make_current(self) -> None:
        """Make it current here, too: in a task that was not there when it began."""
        self._before, self._ids_before = current_context(), current_ids.get()
        attach_context(self._context)
        current_ids.set(self.ids)

    @property
    def is_current(self) -> bool:
        """Whether it is current here."""
        return current_ids.get() is self.ids

    def leave(self) -> None:
        """Give the context back, if it is still ours here."""
        if current_context() is self._context:
            attach_context(self._before)
        if current_ids.get() is self.ids:
            current_ids.set(self._ids_before)

    def end(self) -> None:
        """Measure it, end its span, leave its context."""
        if self.ended:
            return
        self.ended = True
        elapsed = perf_counter() - self._started
        open_by_message.pop(id(self.message), None)
        try:
            self._measure(elapsed)
            if logger.isEnabledFor(_DEBUG):
                self._tell("left", duration_ms=round(elapsed * 1000, 3))
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.process", error)
        finally:
            self.leave()
            self.ids = _NOBODYS  # the ids of tasks that go on know us: no cycle is left to collect
            self.span.end()

    def _measure(self, elapsed: float) -> None:
        error, ids, stage = self._error, self._span_ids, self.stage
        sampled = ids if ids[3] & 1 else None
        self.source.durations[None if error is None else kind_of(error)].record(elapsed, sampled)
        if error is not None:
            self.span.set_attribute("error.type", kind_of(error))
        if stage is not None:
            stage.record(elapsed, error, sampled)
            if error is None:
                stage.arrived(self.starts, sampled)

    def _what(self) -> str:
        return "stage" if self.stage is not None else "processing"

    def _extra(self) -> dict[str, Any]:
        extra = {_SHORT[key]: value for key, value in self._attributes.items() if key in _SHORT}
        if self.source.topic:
            extra["topic"] = self.source.topic
        if self.stage is not None:
            extra["stage"] = self.stage.name
        return extra

    def _tell(self, event: str, **more: Any) -> None:
        logger.debug("%s %s", self._what(), event, extra={**self._extra(), **more})


_SHORT = {
    "messaging.destination.partition.id": "partition",
    "messaging.kafka.offset": "offset",
    "messaging.batch.message_count": "messages",
}


def tell_failure(error: BaseException, what: str, extra: dict[str, Any]) -> None:
    """Write the line of an exception that leaves a handler, once however deeply handlers nest."""
    if not is_logged(error):
        logger.error("%s failed", what, exc_info=error, extra=extra)
        mark_logged(error)


def _around(before: Context) -> dict[str, Any]:
    """Return what stands around, without the span and the baggage of another trace."""
    return {key: value for key, value in before.items() if key not in _OF_A_TRACE}
