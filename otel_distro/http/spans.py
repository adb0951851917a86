# SPDX-License-Identifier: Apache-2.0
"""The few span operations that servers and clients share."""

# ruff: noqa: SLF001 - private attributes of our own spans, on the path that every request takes

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Tracer

from otel_distro.tracing import Span as OurSpan
from otel_distro.tracing.ids import start_with_trace_id
from otel_distro.tracing.tracer import Tracer as OurTracer
from otel_distro.upstream.http import limits_are_wide

StartSpan = Callable[..., Span]


def starter(tracer: Tracer) -> StartSpan:
    """Return what starts a span of clean attributes with a tracer: the trusted way where limits allow it.

    Attributes are a dict, or a function that returns it and is called for spans that are recorded.
    """
    if type(tracer) is OurTracer and limits_are_wide(tracer):
        return tracer.start_trusted
    return lambda name, context, _parent, kind, attributes, trace_id=None: start_with_trace_id(
        tracer.start_span, trace_id, name, context, kind, attributes if type(attributes) is dict else attributes()
    )


def complete(
    span: Span, started_with: dict[str, Any], more: dict[str, Any], name: str = "", new_name: str | None = None
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


def keep_hex_ids(span: Span, context: SpanContext) -> str:
    """Return the trace id as 32 hex digits, and keep both ids with the span for the log lines."""
    trace_id, span_id, *_ = context  # reading the properties of the tuple would be a call each
    trace_digits, span_digits = trace_id.to_bytes(16, "big").hex(), span_id.to_bytes(8, "big").hex()
    if type(span) is OurSpan:
        span.trace_id_hex, span.span_id_hex = trace_digits, span_digits
    elif type(span) is NonRecordingSpan:
        span.trace_id_hex, span.span_id_hex = trace_digits, span_digits  # type: ignore[attr-defined]
    return trace_digits
