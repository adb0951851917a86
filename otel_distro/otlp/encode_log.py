# SPDX-License-Identifier: Apache-2.0
"""Encode a log record as OTLP bytes (opentelemetry-proto, `logs/v1/logs.proto`)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from opentelemetry.trace import SpanContext

from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.otlp.encode_common import encode_value, field, nanoseconds, utf8, varint

_NOTHING: Final[Mapping[str, object]] = {}
_LONGEST_KEPT: Final = 128
_attributes: Final = AttributesEncoder(b"\x32").encode


def encode_log(  # noqa: PLR0913 - a log record has this many parts
    body: object,
    *,
    timestamp: int,
    observed_timestamp: int | None = None,
    severity_number: int = 0,
    severity_text: str = "",
    attributes: Mapping[str, object] = _NOTHING,
    span_context: SpanContext | None = None,
    event_name: str = "",
    dropped_attributes_count: int = 0,
) -> bytes:
    """Encode a log record as a whole element of `ScopeLogs.log_records`: field tag, length, `LogRecord` message.

    Nothing here raises for what an application may log: values of any type are accepted, what has no wire type is sent
    as its text.

    Args:
        body: usually the message; any value.
        timestamp: when it happened, in nanoseconds since the epoch.
        observed_timestamp: when it was seen, in nanoseconds since the epoch; `timestamp` if not given.
        severity_number: 1 to 24, https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber; 0 for none.
        severity_text: the level as the application names it.
        attributes: exceptions go in as `exception.type`, `exception.message`, `exception.stacktrace`.
        span_context: the span in which it was logged; None, or an invalid one, outside of any.
        event_name: the event's class, for records that are events.
        dropped_attributes_count: how many attributes limits have cost the record.

    """
    happened = nanoseconds(timestamp)
    parts = [
        b"\x09",
        happened,
        b"\x59",
        happened if observed_timestamp is None else nanoseconds(observed_timestamp),
        _severity(severity_number, severity_text),
        _short_body(body) if type(body) is str and len(body) <= _LONGEST_KEPT else field(b"\x2a", encode_value(body)),
    ]
    if attributes:
        parts.append(_attributes(attributes))
    if dropped_attributes_count:
        parts += b"\x38", varint(dropped_attributes_count)
    if span_context is not None:
        parts.append(_encode_context(span_context))
    if event_name:
        parts.append(field(b"\x62", utf8(event_name)))
    return field(b"\x12", b"".join(parts))


@lru_cache(maxsize=64)
def _severity(number: int, text: str) -> bytes:
    encoded = b"\x10" + varint(number) if number else b""
    return encoded + field(b"\x1a", utf8(text)) if text else encoded


# Messages are mostly constants, which come again and again.
@lru_cache(maxsize=1024)
def _short_body(body: str) -> bytes:
    return field(b"\x2a", encode_value(body))


class _TraceContext:
    """The bytes of the context that the last record had: the lines of a request mostly follow each other."""

    def __init__(self) -> None:
        self._last: tuple[SpanContext | None, bytes] = (None, b"")

    def encode(self, context: SpanContext) -> bytes:
        """Encode flags, trace id and span id."""
        last, encoded = self._last
        if context is last:
            return encoded
        trace_id, span_id = context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big")
        flags = context.trace_flags.to_bytes(4, "little")
        encoded = b"".join((b"\x45", flags, b"\x4a\x10", trace_id, b"\x52\x08", span_id)) if context.is_valid else b""
        self._last = (context, encoded)
        return encoded


_encode_context: Final = _TraceContext().encode
