# SPDX-License-Identifier: Apache-2.0
"""The few span operations that servers and clients share."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, TraceFlags, Tracer, get_current_span

from otel_distro.tracing import start_trusted_span
from otel_distro.tracing.ids import requested_trace_id
from otel_distro.upstream_tracing import SPAN_KEY


def start_span(
    tracer: Tracer,
    name: str,
    parent: Context,
    kind: SpanKind,
    attributes: dict[str, Any],
    trace_id: int | None = None,
) -> Span:
    """Start a span whose attributes are known to be clean; a root takes `trace_id` if the caller asked for one."""
    span_context = get_current_span(parent).get_span_context() if parent else None
    if trace_id is None:
        return start_trusted_span(tracer, name, parent, span_context, kind, attributes)
    token = requested_trace_id.set(trace_id)
    try:
        return start_trusted_span(tracer, name, parent, span_context, kind, attributes)
    finally:
        requested_trace_id.reset(token)


def complete(span: Span, started_with: dict[str, Any], more: dict[str, Any]) -> None:
    """Add the attributes that are known at the end; a span of ours has kept the dict that it was started with."""
    if getattr(span, "_attributes", None) is started_with:
        for key, value in more.items():
            started_with.setdefault(key, value)
    else:
        span.set_attributes(more)


def in_context(span: Span, parent: Context) -> Context:
    """Return `parent` with `span` as its current span; upstream's way copies the mapping twice."""
    return Context({**parent, SPAN_KEY: span})


def trace_id_hex(span: Span) -> str:
    """Return the trace id as 32 hex digits, kept on spans of ours."""
    kept: str | None = getattr(span, "trace_id_hex", None)
    return f"{span.get_span_context().trace_id:032x}" if kept is None else kept


def sampled_context(span: Span) -> SpanContext | None:
    """Return the span's context for an exemplar, None if nobody will find the span."""
    context = span.get_span_context()
    return context if context.trace_flags & TraceFlags.SAMPLED else None
