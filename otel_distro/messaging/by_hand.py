# SPDX-License-Identifier: Apache-2.0
"""What `otel_distro.messaging` does where something stands."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from time import perf_counter
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from otel_distro.ground.exceptions import description_of, is_failure
from otel_distro.ground.request_ids import MessageIds
from otel_distro.ground.request_ids import current as current_ids
from otel_distro.http.correlation import TRACE_ID_HEADER
from otel_distro.messaging.envelope import is_cloud_event, key_of
from otel_distro.messaging.headers import TRACE_FIELDS, trace_fields
from otel_distro.messaging.messages import facts_of
from otel_distro.messaging.processing import Processing, open_by_message, tell_failure
from otel_distro.messaging.sending import ids_to_send, merged
from otel_distro.messaging.stages import Stage, logger
from otel_distro.messaging.telemetry import Telemetry
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context

_INTERNAL = SpanKind.INTERNAL


def write(telemetry: Telemetry, carrier: Any) -> None:
    """Write trace and ids of the moment into headers or an envelope."""
    context = current_context()
    span = context.get(SPAN_KEY)
    fields: dict[str, str] = {}
    trace_id = None
    if span is not None and (span_context := span.get_span_context()).is_valid:
        trace_id = f"{span_context.trace_id:032x}"
        fields = trace_fields(context, span, span_context, trace_id)
        if telemetry.carries_trace_id:
            fields[TRACE_ID_HEADER] = trace_id
    fields.update(ids_to_send(telemetry, trace_id))
    if isinstance(carrier, list):
        carrier[:] = merged(carrier, fields)
    elif isinstance(carrier, MutableMapping):
        _into(carrier, fields)


def _into(carrier: MutableMapping[Any, Any], fields: Mapping[str, str]) -> None:
    as_bytes = any(isinstance(value, bytes) for value in carrier.values())
    if as_bytes or any(isinstance(name, str) and name.lower().startswith("x-") for name in carrier):
        named = dict(fields)
    else:
        event = is_cloud_event(carrier)
        named = {key_of(header, cloud_event=event): text for header, text in fields.items()}
    if "traceparent" in named:
        for name in TRACE_FIELDS:
            carrier.pop(name, None)
    for name, text in named.items():
        if name in TRACE_FIELDS or name in {TRACE_ID_HEADER, "trace_id"} or name not in carrier:
            carrier[name] = text.encode() if as_bytes else text


def processing(telemetry: Telemetry, message: Any, stage: str | None, *, last: bool) -> Processing:
    """Begin to process a message, or take over what has begun."""
    named = None if stage is None else telemetry.stages.named(stage, last=last)
    raw = getattr(message, "raw_message", message)
    begun = open_by_message.get(id(raw))
    if begun is not None and begun.message is raw and not begun.ended:
        if not begun.is_current:
            begun.make_current()
        if named is not None:
            begun.enter_stage(named)
        return begun
    facts = facts_of(telemetry, message)
    around = current_ids.get()
    group = around.processing.source.group if type(around) is MessageIds else None
    source = telemetry.source(facts.system, facts.topic, group)
    return Processing(telemetry, source, raw, facts.origin, {**source.attributes, **facts.where}, named)


class Pass:
    """A pass through a stage."""

    __slots__ = ("_attached", "_before", "_error", "_ids", "_own", "_span", "_stage", "_started", "_starts")

    def __init__(self, telemetry: Telemetry, stage: Stage) -> None:
        self._started = perf_counter()
        self._stage = stage
        self._error: BaseException | None = None
        ids = current_ids.get()
        processing = ids.processing if type(ids) is MessageIds else None
        self._starts = () if processing is None else processing.starts
        self._before = before = current_context()
        self._own = processing is None or processing.ended or processing.stage is not None
        if processing is None or self._own:
            parent = before.get(SPAN_KEY)
            parent = None if parent is None else parent.get_span_context()
            self._span = telemetry.start(stage.name, before, parent, _INTERNAL, {"pipeline.stage": stage.name})
        else:
            self._span = processing.span
            self._span.set_attribute("pipeline.stage", stage.name)
        self._ids = self._span.get_span_context()
        self._attached = Context({**before, SPAN_KEY: self._span})
        attach_context(self._attached)
        logger.debug("stage entered", extra={"stage": stage.name})

    def raised(self, error: BaseException) -> None:
        """Take the exception that leaves the stage."""
        if not is_failure(error):
            return
        self._error = error
        if self._own and self._span.is_recording():
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR, description_of(error)))
        tell_failure(error, "stage", {"stage": self._stage.name})

    def end(self) -> None:
        """Measure it, end its span, leave its context."""
        elapsed = perf_counter() - self._started
        try:
            sampled = self._ids if self._ids.trace_flags & 1 else None
            self._stage.record(elapsed, self._error, sampled)
            if self._error is None:
                self._stage.arrived(self._starts, sampled)
            logger.debug("stage left", extra={"stage": self._stage.name, "duration_ms": round(elapsed * 1000, 3)})
        finally:
            if current_context() is self._attached:
                attach_context(self._before)
            if self._own:
                self._span.end()


def passing(telemetry: Telemetry, name: str, *, last: bool) -> Pass:
    """Begin a pass through a stage."""
    return Pass(telemetry, telemetry.stages.named(name, last=last))
