# SPDX-License-Identifier: Apache-2.0
"""Encode an ended span as OTLP bytes (opentelemetry-proto, `trace/v1/trace.proto`)."""

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status

from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.otlp.encode_common import field, nanoseconds, utf8, varint
from otel_distro.upstream_tracing import span_fields

# What a span's kind is on the wire: the API counts from 0, the protocol from 1.
_KINDS: Final = {kind: b"\x30" + bytes((kind.value + 1,)) for kind in SpanKind}
_LOCAL_PARENT: Final = b"\x85\x01\x00\x01\x00\x00"
_REMOTE_PARENT: Final = b"\x85\x01\x00\x03\x00\x00"
_LINK_LOCAL: Final = b"\x35\x00\x01\x00\x00"
_LINK_REMOTE: Final = b"\x35\x00\x03\x00\x00"
_UNSET_STATUS: Final = b"\x7a\x00"

_span_attributes: Final = AttributesEncoder(b"\x4a").encode
_event_attributes: Final = AttributesEncoder(b"\x1a").encode
_link_attributes: Final = AttributesEncoder(b"\x22").encode


def encode_span(span: ReadableSpan) -> bytes:
    """Encode a span as a whole element of `ScopeSpans.spans`: field tag, length, `Span` message."""
    context, parent, name, kind, start, end, attributes, events, links, status = span_fields(span)
    parts = [
        b"\x0a\x10",
        context.trace_id.to_bytes(16, "big"),
        b"\x12\x08",
        context.span_id.to_bytes(8, "big"),
        field(b"\x2a", utf8(name)),
        _KINDS[kind],
        b"\x39",
        nanoseconds(start),
        b"\x41",
        nanoseconds(end),
    ]
    if parent:
        parts += b"\x22\x08", parent.span_id.to_bytes(8, "big")
    if context.trace_state:
        parts.append(field(b"\x1a", _trace_state(context)))
    if attributes:
        parts.append(_span_attributes(attributes))
    parts.append(_dropped(b"\x50", span.dropped_attributes))
    if events is not None:
        parts += _events(events), _dropped(b"\x60", span.dropped_events)
    if links is not None:
        parts += _links(links), _dropped(b"\x70", span.dropped_links)
    parts += _status(status), _REMOTE_PARENT if parent and parent.is_remote else _LOCAL_PARENT
    return field(b"\x12", b"".join(parts))


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
    context = link.context
    return b"".join(
        (
            b"\x0a\x10",
            context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            context.span_id.to_bytes(8, "big"),
            # Upstream leaves a link's trace state out: the protocol has a field for it.
            field(b"\x1a", _trace_state(context)) if context.trace_state else b"",
            _link_attributes(link.attributes or {}),
            _dropped(b"\x28", link.dropped_attributes),
            _LINK_REMOTE if context.is_remote else _LINK_LOCAL,
        )
    )


def _status(status: Status | None) -> bytes:
    if status is None:
        return b""
    if status.is_unset:
        return _UNSET_STATUS
    message = field(b"\x12", utf8(status.description)) if status.description else b""
    return field(b"\x7a", message + b"\x18" + bytes((status.status_code.value,)))
