# SPDX-License-Identifier: Apache-2.0
"""Trace context in and out of HTTP headers: a short way for W3C headers, upstream's propagators for everything else.

Upstream's extract and inject cost 8 us per request (every propagator walks and decodes all headers); here the headers
are read once and `traceparent` is cut out of them. The rules are upstream's, except that a request with two
`traceparent` headers starts a new trace, as https://www.w3.org/TR/trace-context/ asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagate import get_global_textmap
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_distro.http.correlation import CorrelationPropagator
from otel_distro.upstream import http as upstream_http
from otel_distro.upstream.tracing import valid_context

Headers = list[tuple[bytes, bytes]]

_TRACEPARENT = re.compile(rb"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?[ \t]*\Z")
# What W3C asks everybody to carry on at least; it allows baggage of 8,192 bytes, which a stranger fills with whatever he
# likes, for every service behind this one. https://www.w3.org/TR/trace-context/#tracestate-limits
MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS = 2048, 64
MAX_STATE_BYTES, MAX_STATE_MEMBERS = 512, 32
_MAX_PARENT_BYTES = 256
_FLAGS = tuple(map(TraceFlags, range(256)))
_ZERO_TRACE = b"0" * 32
_ZERO_SPAN = b"0" * 16
_W3C = (TraceContextTextMapPropagator, W3CBaggagePropagator, CorrelationPropagator)

_judged: tuple[TextMapPropagator | None, bool] = (None, False)


class HeaderGetter(Getter[Headers]):
    """Reads the headers of an ASGI scope."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        """Return all values of a header, None if there is none."""
        wanted = key.lower().encode("latin-1")
        found = [value.decode("latin-1") for name, value in carrier if name == wanted]
        return found or None

    def keys(self, carrier: Headers) -> list[str]:
        """Return the names of all headers."""
        return [name.decode("latin-1") for name, _ in carrier]


_getter = HeaderGetter()
_trace_context = TraceContextTextMapPropagator()
_baggage = W3CBaggagePropagator()


def speaks_w3c() -> bool:
    """Whether the process's propagators are exactly W3C trace context, baggage and ours; checked when they change."""
    global _judged  # noqa: PLW0603 - a cache of one: the answer for the propagator that is set now
    textmap = get_global_textmap()
    if _judged[0] is not textmap:
        parts = upstream_http.propagators_of(textmap)
        kinds = {type(part) for part in parts}
        _judged = textmap, TraceContextTextMapPropagator in kinds and kinds.issubset(_W3C)
    return _judged[1]


def extract(headers: Headers, by_name: Mapping[bytes, bytes], context: Context) -> tuple[Context, SpanContext | None]:
    """Return `context` with what the caller sent, its span and its baggage, and the context of that span."""
    if not (_judged[1] and _judged[0] is get_global_textmap()) and not speaks_w3c():  # the first half is a call less
        context = get_global_textmap().extract(headers, context, getter=_getter)
        return context, get_current_span(context).get_span_context()
    parent = None
    if b"traceparent" in by_name:
        parent = _remote_parent(headers, by_name)
        if parent is not None:
            context = set_span_in_context(NonRecordingSpan(parent), context)
    if b"baggage" in by_name and _is_bounded(headers, b"baggage", MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS):
        context = _baggage.extract(headers, context, getter=_getter)
    return context, parent


def _is_bounded(headers: Headers, wanted: bytes, most_bytes: int, most_members: int) -> bool:
    """Whether what a caller sends along under a name is of a size that we carry on; more is left behind whole."""
    values = [value for name, value in headers if name == wanted]
    members = sum(value.count(b",") + 1 for value in values)
    return members <= most_members and sum(map(len, values)) <= most_bytes


def _remote_parent(headers: Headers, by_name: Mapping[bytes, bytes]) -> SpanContext | None:
    if len(by_name) != len(headers) and sum(name == b"traceparent" for name, _ in headers) > 1:
        return None
    if b"tracestate" in by_name and _is_bounded(headers, b"tracestate", MAX_STATE_BYTES, MAX_STATE_MEMBERS):
        found = get_current_span(_trace_context.extract(headers, getter=_getter)).get_span_context()
        return found if found.is_valid else None
    return parse_traceparent(by_name[b"traceparent"])


def parse_traceparent(value: bytes) -> SpanContext | None:
    """Return the remote span that a `traceparent` names; None if it is malformed, all zero, or of version ff."""
    match = _TRACEPARENT.match(value) if len(value) <= _MAX_PARENT_BYTES else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if trace_id == _ZERO_TRACE or span_id == _ZERO_SPAN or version == b"ff" or (more and version == b"00"):
        return None
    # What the constructor of a SpanContext would check has just been.
    known = int(trace_id, 16), int(span_id, 16), True, _FLAGS[int(flags, 16)], DEFAULT_TRACE_STATE, True
    return valid_context(known)


def inject(headers: Any, context: Context, span_context: SpanContext) -> None:
    """Write trace context and baggage into the headers of an outgoing request (any mutable mapping of str)."""
    if not speaks_w3c():
        get_global_textmap().inject(headers, context)
        return
    # The tuple that a SpanContext is: reading its properties would be a call each.
    trace_id, span_id, _, flags, trace_state, is_valid = span_context
    if is_valid:
        headers["traceparent"] = f"00-{trace_id:032x}-{span_id:016x}-{flags & 0xFF:02x}"
        if trace_state is not DEFAULT_TRACE_STATE and trace_state:
            headers["tracestate"] = trace_state.to_header()
    if len(context) > 1:  # more than the span: there may be baggage
        _baggage.inject(headers, context)
