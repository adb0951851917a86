# SPDX-License-Identifier: Apache-2.0
"""What a collector answers, and what follows from it.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

_MOST_FIELDS = 64  # an answer has five
_LONGEST_VARINT = 10
_LONGEST_TEXT = 500
_RETRYABLE = frozenset((429, 502, 503, 504))


@dataclass(frozen=True)
class Reply:
    """An HTTP answer to an export request."""

    status: int
    reason: str
    content_type: str
    body: bytes
    retry_after: str | None
    location: str | None

    @property
    def accepted(self) -> bool:
        """Whether the request was taken, if only in part."""
        return 200 <= self.status < 300

    @property
    def retryable(self) -> bool:
        """Whether the same request may be sent again."""
        return self.status in _RETRYABLE

    def retry_after_seconds(self) -> float | None:
        """Return what `Retry-After` asks for, whether given in seconds or as a date; None if absent or unreadable."""
        text = (self.retry_after or "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        return _seconds_until(text) if text else None

    def rejected(self) -> tuple[int, str]:
        """Return how many records a partial success refused, and why (`Export…PartialSuccess`)."""
        partial_success = dict(_fields(self.body)).get(1, b"")
        if not isinstance(partial_success, bytes):
            return 0, ""
        parts = dict(_fields(partial_success))
        return _count(parts.get(1, 0)), _text(parts.get(2, b""))

    def explanation(self) -> str:
        """Return the status in words, with the message of the `google.rpc.Status` in the body, if any."""
        is_protobuf = self.content_type.startswith("application/x-protobuf")
        message = _text(dict(_fields(self.body)).get(2, b"") if is_protobuf else self.body)
        where = f" to {_line(self.location)}" if self.location else ""
        return f"{self.status} {_line(self.reason)}{where}" + (f": {message}" if message else "")


def _count(value: int | bytes) -> int:
    # A negative int64 is nonsense here, and would make the counts run backwards.
    return value if isinstance(value, int) and value < 2**63 else 0


def _text(value: int | bytes) -> str:
    return _line(value[: 4 * _LONGEST_TEXT].decode("utf-8", "replace")) if isinstance(value, bytes) else ""


def _line(text: str) -> str:
    """Return the beginning of a collector's words, on one line."""
    return " ".join(text[:_LONGEST_TEXT].split())


def _seconds_until(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the first varint and length-delimited fields of a protobuf message, up to what cannot be read."""
    position = 0
    for _ in range(_MOST_FIELDS):
        if position >= len(message):
            return
        tag, position = _varint(message, position)
        value, position = _varint(message, position)
        if tag & 7 == 2:
            yield tag >> 3, message[position : position + value]
            position += value
        elif tag & 7 == 0:
            yield tag >> 3, value
        else:
            return


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Read a number and return where it ends: at the message's end for one that is longer than any number is."""
    number = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        number |= (byte & 127) << 7 * index
        if byte < 128:
            return number, position + index + 1
    return number, len(message)
