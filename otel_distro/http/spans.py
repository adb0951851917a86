# SPDX-License-Identifier: Apache-2.0
"""The few span operations that servers and clients share."""

# ruff: noqa: SLF001 - private attributes of our own spans, on the path that every request takes

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, StatusCode, Tracer

from otel_distro.ground.exceptions import description_of
from otel_distro.tracing import Span as OurSpan
from otel_distro.tracing.ids import random_bits, start_with_trace_id
from otel_distro.tracing.tracer import Tracer as OurTracer
from otel_distro.upstream.http import limits_are_wide

StartSpan = Callable[..., Span]
_FAILED = Status(StatusCode.ERROR)


def starter(tracer: Tracer) -> StartSpan:
    """Return what starts a span of clean attributes with a tracer: the trusted way where limits allow it.

    Attributes are a dict, or a function that returns it and is called for spans that are recorded.
    """
    if type(tracer) is OurTracer and limits_are_wide(tracer):
        return tracer.start_trusted
    return lambda name, context, _parent, kind, attributes, trace_id=None: start_with_trace_id(
        tracer.start_span, trace_id, name, context, kind, attributes if type(attributes) is dict else attributes()
    )


def unrecorded(parent: SpanContext | None = None) -> NonRecordingSpan:
    """Return a span that is not recorded, for what no span could be started for: an id of its own in its parent's trace."""
    trace_id = parent.trace_id if parent is not None and parent.is_valid else random_bits(128) or 1
    return NonRecordingSpan(SpanContext(trace_id, random_bits(64) or 1, is_remote=False))


def complete(
    span: Span, started_with: dict[str, Any], more: Mapping[str, Any], name: str = "", new_name: str | None = None
) -> None:
    """Add what is known at the end: attributes and name (what it was and will be), unless the application did.

    A span of ours has kept the very dict that it was started with, so it is written to; others are told.
    """
    if type(span) is OurSpan and span._attributes is started_with:
        for key, value in more.items():
            started_with.setdefault(key, value)
        if new_name is not None and span._name is name:
            span._name = new_name
    elif span.is_recording():
        span.set_attributes(more)
        if new_name is not None and getattr(span, "name", None) == name:
            span.update_name(new_name)


def mark_failed(span: Span, error: BaseException | None) -> None:
    """Say on the span that what it stands for has failed, with the exception that the application did not handle."""
    if not span.is_recording():
        return
    if error is None:
        span.set_status(_FAILED)
        return
    try:
        span.record_exception(error)
    finally:
        span.set_status(Status(StatusCode.ERROR, description_of(error)))


def link_to(span: Span, context: SpanContext) -> None:
    """Add a link without attributes."""
    if type(span) is OurSpan:
        span.link_to(context)
    else:
        span.add_link(context)


def keep_hex_ids(span: Span, context: SpanContext) -> str:
    """Return the trace id as 32 hex digits, and keep both ids with the span for the log lines."""
    trace_id, span_id, *_ = context  # reading the properties of the tuple would be a call each
    trace_digits, span_digits = trace_id.to_bytes(16, "big").hex(), span_id.to_bytes(8, "big").hex()
    if type(span) is OurSpan:
        span.trace_id_hex, span.span_id_hex = trace_digits, span_digits
    elif type(span) is NonRecordingSpan:
        span.trace_id_hex, span.span_id_hex = trace_digits, span_digits  # type: ignore[attr-defined]
    return trace_digits


def forget_line_ids(span: Span) -> None:
    """Have the next line ask anew for the ids of its request, which have changed."""
    with suppress(AttributeError):  # no line has asked yet
        del span.line_ids  # type: ignore[attr-defined]
