# SPDX-License-Identifier: Apache-2.0
"""Encode an ended span as OTLP bytes (opentelemetry-proto, `trace/v1/trace.proto`)."""

import struct
from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import DEFAULT_TRACE_STATE, Link, SpanContext, SpanKind, Status, StatusCode

from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.otlp.encode_common import field, nanoseconds, utf8, varint
from otel_distro.upstream.tracing import IS_REMOTE, SPAN_ID, UNSET, span_fields

# What a span's kind is on the wire: the API counts from 0, the protocol from 1.
_KINDS: Final = tuple(b"\x30" + bytes((number + 1,)) for number in range(len(SpanKind)))
# The flags say only whether the parent is remote (0x200) and that this is known (0x100).
_LOCAL_PARENT: Final = b"\x85\x01\x00\x01\x00\x00"
_REMOTE_PARENT: Final = b"\x85\x01\x00\x03\x00\x00"
_LINK_LOCAL: Final = b"\x35\x00\x01\x00\x00"
_LINK_REMOTE: Final = b"\x35\x00\x03\x00\x00"
_UNSET_STATUS: Final = b"\x7a\x00"
_MAX_NAMES: Final = 2048

_pack_times: Final = struct.Struct("<BQBQ").pack
_names: Final[dict[str, bytes]] = {}
_span_attributes: Final = AttributesEncoder(b"\x4a").encode
_event_attributes: Final = AttributesEncoder(b"\x1a").encode
_link_attributes: Final = AttributesEncoder(b"\x22").encode


def encode_span(span: ReadableSpan) -> bytes:
    """Encode a span as a whole element of `ScopeSpans.spans`: field tag, length, `Span` message."""
    context, parent, name, kind, start, end, attributes, events, links, status = span_fields(span)
    # The tuple that a SpanContext is: reading its properties would cost more than encoding them.
    trace_id, span_id, _, _, trace_state, _ = context
    try:
        times = _pack_times(0x39, start, 0x41, end)
    except struct.error:  # not set, or set by the application to what does not fit
        times = b"\x39" + nanoseconds(start) + b"\x41" + nanoseconds(end)
    parts = [
        b"\x0a\x10",
        trace_id.to_bytes(16, "big"),
        b"\x12\x08",
        span_id.to_bytes(8, "big"),
        _names.get(name) or _name(name),
        _KINDS[kind._value_],  # the hash of an enumeration's member is a Python call, and so is its `value`
        times,
    ]
    if parent is None:
        parts.append(_LOCAL_PARENT)
    else:
        parts += b"\x22\x08", parent[SPAN_ID].to_bytes(8, "big"), _REMOTE_PARENT if parent[IS_REMOTE] else _LOCAL_PARENT
    if trace_state is not DEFAULT_TRACE_STATE and trace_state:
        parts.append(field(b"\x1a", _trace_state(context)))
    if attributes:
        parts.append(_span_attributes(attributes))
    if dropped := span.dropped_attributes:
        parts.append(b"\x50" + varint(dropped))
    # An empty tuple is what spans without events or links share; an empty list may have dropped some.
    if events or type(events) is not tuple:
        parts += _events(events), _dropped(b"\x60", span.dropped_events)
    if links or type(links) is not tuple:
        parts += _links(links), _dropped(b"\x70", span.dropped_links)
    parts.append(_UNSET_STATUS if status is UNSET else _status(status))
    return field(b"\x12", b"".join(parts))


def _name(name: str) -> bytes:
    encoded = field(b"\x2a", utf8(name))
    if len(_names) < _MAX_NAMES and len(encoded) < 128:
        _names[name] = encoded
    return encoded


def _trace_state(context: SpanContext) -> bytes:
    return utf8(",".join([f"{key}={value}" for key, value in context.trace_state.items()]))


def _dropped(tag: bytes, count: int) -> bytes:
    return tag + varint(count) if count else b""


def _events(events: Sequence[Event]) -> bytes:
    return b"".join([field(b"\x5a", _event(event)) for event in events])


def _event(event: Event) -> bytes:
    return b"".join(
        (
            b"\x09",
            nanoseconds(event.timestamp),
            field(b"\x12", utf8(event.name)),
            _event_attributes(event.attributes or {}),
            _dropped(b"\x20", event.dropped_attributes),
        )
    )


def _links(links: Sequence[Link]) -> bytes:
    return b"".join([field(b"\x6a", _link(link)) for link in links])


def _link(link: Link) -> bytes:
    context, attributes = link.context, link.attributes
    trace_id, span_id, is_remote, _, trace_state, _ = context
    parts = [b"\x0a\x10", trace_id.to_bytes(16, "big"), b"\x12\x08", span_id.to_bytes(8, "big")]
    if trace_state is not DEFAULT_TRACE_STATE and trace_state:
        # Upstream leaves a link's trace state out: the protocol has a field for it.
        parts.append(field(b"\x1a", _trace_state(context)))
    if attributes:
        parts.append(_link_attributes(attributes))
    if dropped := link.dropped_attributes:
        parts.append(_dropped(b"\x28", dropped))
    parts.append(_LINK_REMOTE if is_remote else _LINK_LOCAL)
    return b"".join(parts)


def _status(status: Status | None) -> bytes:
    if status is None:
        return b""
    code = status.status_code
    if code is StatusCode.UNSET:
        return _UNSET_STATUS
    message = field(b"\x12", utf8(status.description)) if status.description else b""
    return field(b"\x7a", message + b"\x18" + bytes((code.value,)))
