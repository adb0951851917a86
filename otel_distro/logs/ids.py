# SPDX-License-Identifier: Apache-2.0
"""The ids of the moment: of the current span, and of the request that is being served."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import Span, format_span_id, format_trace_id, get_current_span

from otel_distro.http.correlation import current


def current_ids() -> dict[str, str]:
    """Return `trace_id` and `span_id` inside a span, and the correlation ids inside a request."""
    found: dict[str, Any] = {}
    add_ids(found)
    return found


def add_ids(event: dict[str, Any]) -> Span:
    """Add the current ids to an event that has none of its own; return the span."""
    span = get_current_span()
    try:
        # Spans of ours keep their ids as text: formatting costs more than the rest of a log line.
        event["trace_id"] = span.trace_id_hex  # type: ignore[attr-defined]
        event["span_id"] = span.span_id_hex  # type: ignore[attr-defined]
    except AttributeError:
        _format_ids(span, event)
    correlation = current.get()
    if correlation is not None:
        event.update(correlation)
    return span


def _format_ids(span: Span, event: dict[str, Any]) -> None:
    context = span.get_span_context()
    if context.is_valid:
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
