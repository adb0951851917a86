# SPDX-License-Identifier: Apache-2.0
"""One message that is being sent: its span, and headers that say where it comes from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any

from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode

from otel_distro import diagnostics
from otel_distro.ground.exceptions import description_of, is_failure, kind_of
from otel_distro.ground.request_ids import MessageIds, SessionIds
from otel_distro.ground.request_ids import current as current_ids
from otel_distro.http.correlation import TRACE_ID_HEADER
from otel_distro.http.spans import complete, keep_hex_ids, link_to, unrecorded
from otel_distro.messaging.envelope import enveloped
from otel_distro.messaging.headers import START, TRACE_FIELDS, by_name, origin_of, text_of, trace_fields
from otel_distro.messaging.telemetry import Target, Telemetry
from otel_distro.upstream.context import SPAN_KEY, current_context
from otel_distro.upstream.http import SUPPRESSING, http_suppressed

_PRODUCER = SpanKind.PRODUCER
Pair = tuple[str, Any]
_NOTHING: Mapping[str, Any] = {}


class Sending:
    """A message on its way out, from the end of the constructor to the end of the `with` around the client's own call.

    Attributes:
        fields: The headers that it carries.
        more: Attributes that are known when it is sent: the partition.
    """

    __slots__ = ("_attributes", "_started", "_target", "fields", "more", "span", "span_ids")

    def __init__(self, telemetry: Telemetry, target: Target, headers: Iterable[Pair]) -> None:
        self._target = target
        self._attributes = attributes = target.attributes.copy()
        context, parent, link = _surroundings(telemetry, headers)
        try:
            span = telemetry.start(target.name, context, parent, _PRODUCER, attributes)
            if link is not None:
                link_to(span, link)
        except Exception as error:  # noqa: BLE001 - samplers and processors are the application's
            diagnostics.fault("messaging.send", error)
            span = unrecorded(parent)
        span_ids = span.get_span_context()
        self.span, self.span_ids = span, span_ids
        trace_id = keep_hex_ids(span, span_ids)
        self.fields = fields = trace_fields(context, span, span_ids, trace_id)
        if telemetry.carries_trace_id:
            fields[TRACE_ID_HEADER] = trace_id
        fields.update(ids_to_send(telemetry, trace_id))
        self.more: Mapping[str, Any] = _NOTHING
        self._started = perf_counter()

    def __enter__(self) -> Sending:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Record how it ended."""
        elapsed, ids, target = perf_counter() - self._started, self.span_ids, self._target
        try:
            kind = kind_of(error) if error is not None and is_failure(error) else None
            target.durations[kind].record(elapsed, ids if ids[3] & 1 else None)
            target.sent[kind].add(1)
            if kind is not None and error is not None:
                self._failed(error, kind)
            if self.more:
                complete(self.span, self._attributes, self.more)
        except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.send", fault)
        finally:
            self._end()

    def _failed(self, error: BaseException, kind: str) -> None:
        self.more = {**self.more, "error.type": kind}
        if self.span.is_recording():
            self.span.record_exception(error)
            self.span.set_status(Status(StatusCode.ERROR, description_of(error)))

    def _end(self) -> None:
        try:
            self.span.end()
        except Exception as fault:  # noqa: BLE001 - processors are the application's
            diagnostics.fault("messaging.send", fault)


def _surroundings(
    telemetry: Telemetry, headers: Iterable[Pair]
) -> tuple[Mapping[str, Any], SpanContext | None, SpanContext | None]:
    """Return the context that a message is sent in, its parent and its link.

    A websocket is one span until it closes, and what is sent from it is not one thing: that begins a trace of its own.
    Outside any span, headers that were taken over from another message go on with its trace.
    """
    context = current_context()
    span = context.get(SPAN_KEY)
    parent = None if span is None else span.get_span_context()
    if parent is not None and parent.is_valid:
        if type(current_ids.get()) is not SessionIds:
            return context, parent, None
        return {key: value for key, value in context.items() if key != SPAN_KEY}, None, parent
    if headers:
        forwarded = origin_of(by_name(headers), telemetry.fields)
        if forwarded.parent is not None:
            return (
                {**forwarded.context, **context, SPAN_KEY: NonRecordingSpan(forwarded.parent)},
                forwarded.parent,
                None,
            )
    return context, None, None


def ids_to_send(telemetry: Telemetry, trace_id: str | None) -> dict[str, str]:
    """Return the correlation headers of what is sent now, and when its pipeline began."""
    ids = current_ids.get()
    if ids is None or type(ids) is SessionIds:
        found = {} if trace_id is None else {name: trace_id for name, _ in telemetry.fields}
    else:
        found = {}
        for name, field in telemetry.fields:
            if field in ids:
                found[name] = ids[field]
        if type(ids) is MessageIds and ids.processing.starts:
            found[START] = f"{min(ids.processing.starts):.3f}"
            return found
    found[START] = f"{time.time():.3f}"
    return found


def begin(telemetry: Telemetry, topic: Any, client: Any, headers: Any) -> Sending | None:
    """Start observing a message; None if telemetry is suppressed, or a fault of ours prevents it."""
    try:
        context = current_context()
        if context and not SUPPRESSING.isdisjoint(context) and http_suppressed(context):
            return None
        return Sending(telemetry, telemetry.target("kafka", topic, client), headers)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.send", error)
        return None


def partition_of(partition: Any) -> Mapping[str, Any]:
    """Return the attribute of the partition that the application has chosen, if it has."""
    if type(partition) is int and partition >= 0:
        return {"messaging.destination.partition.id": str(partition)}
    return _NOTHING


def acknowledged(sent: Any) -> Mapping[str, Any]:
    """Return where the broker has put a message."""
    try:
        return {**partition_of(sent.partition), "messaging.kafka.offset": sent.offset}
    except AttributeError:
        return {}


def wrapped(telemetry: Telemetry, value: Any, sending: Sending) -> Any:
    """Return the application's value; an envelope as one that says where it comes from."""
    try:
        return enveloped(value, sending.fields, telemetry.envelope)
    except Exception as error:  # noqa: BLE001 - a mapping of the application's: it is sent as it is
        diagnostics.fault("messaging.envelope", error)
        return value


def merged(headers: list[Pair], fields: dict[str, str]) -> list[Pair]:
    """Return a new list of headers: the application's and ours, each name of ours once; headers that are none, as they are."""
    try:
        ours = [(name, value.encode()) for name, value in fields.items()]
    except UnicodeEncodeError:  # ids may be of an application's own making
        ours = [(name, value.encode("utf-8", "replace")) for name, value in fields.items()]
    if not headers:
        return ours
    try:
        return _both(headers, dict(ours))
    except (TypeError, ValueError, AttributeError):  # the client says so
        return headers


def _both(headers: list[Pair], ours: dict[str, bytes]) -> list[Pair]:
    """Join them: the trace is the one that goes on now; ids that the application has set, or taken over, are its word."""
    said, kept = by_name(headers), []
    for name, value in headers:
        lower = name.lower()
        if lower not in ours and not (lower in TRACE_FIELDS and "traceparent" in ours):
            kept.append((name, value))
    for name in ours:
        if name not in TRACE_FIELDS and name != TRACE_ID_HEADER and (given := text_of(said, name)) is not None:
            ours[name] = given.encode("ascii", "replace")
    if "baggage" in said and "baggage" not in ours and (given := text_of(said, "baggage")) is not None:
        ours["baggage"] = given.encode("ascii", "replace")
    return [*kept, *ours.items()]
