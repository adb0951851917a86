# SPDX-License-Identifier: Apache-2.0
"""The ids of the moment: of the current span, and of the request that is being served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    format_span_id,
    format_trace_id,
)

from otel_distro.ground.request_ids import current, remembered
from otel_distro.upstream.context import SPAN_KEY, current_context

_current_request: Final = current.get


class LineIds(dict[str, str]):
    """The ids that lines of a span share.

    Attributes:
        members: Their names in quotes, and all of it as the members of a JSON object, once somebody has made that.
    """

    __slots__ = ("members",)
    members: tuple[tuple[str, ...], str] | None


def current_ids(error: BaseException | None = None) -> dict[str, str]:
    """Return `trace_id` and `span_id` inside a span, and the correlation ids inside a request."""
    found: dict[str, Any] = {}
    add_ids(found, error)
    return found


def shared_ids() -> Mapping[str, str]:
    """Return what `current_ids` does; of a span of ours made once for all its lines, so nobody may change it."""
    span: Any = current_context().get(SPAN_KEY)
    request = _current_request()
    try:
        of, ids = span.line_ids
        if of is request:
            return ids  # type: ignore[no-any-return]  # what is kept below
    except AttributeError:
        pass
    found = LineIds()
    found.members = None
    add_ids(found)
    if hasattr(span, "trace_id_hex"):
        span.line_ids = request, found
    return found


def add_ids(event: dict[str, Any], error: BaseException | None = None) -> Span:
    """Add the current ids to an event that has none of its own, outside a span those of the request that the error ended.

    Returns:
        The span that the event belongs to.
    """
    span: Any = current_context().get(SPAN_KEY)
    if span is None:
        span = INVALID_SPAN if error is None else _of_failed_request(error, event)
    else:
        try:
            # Spans of ours keep their ids as text: formatting costs more than the rest of a log line.
            event["trace_id"] = span.trace_id_hex
            event["span_id"] = span.span_id_hex
        except AttributeError:
            _format_ids(span, event)
    request = _current_request()
    if request is not None:
        event.update(request)
    return span  # type: ignore[no-any-return]  # whatever was put into the context


def _of_failed_request(error: BaseException, event: dict[str, Any]) -> Span:
    ids = remembered(error)
    if not ids:
        return INVALID_SPAN
    event.update(ids)
    trace_id, span_id = int(ids["trace_id"], 16), int(ids["span_id"], 16)
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False))


def _format_ids(span: Span, event: dict[str, Any]) -> None:
    context = span.get_span_context()
    if context.is_valid:
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
