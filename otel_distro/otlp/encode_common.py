# SPDX-License-Identifier: Apache-2.0
"""The protobuf wire format, and the OTLP `AnyValue` and `KeyValue` messages that every signal shares.

Field numbers: opentelemetry-proto, `common/v1/common.proto`. Wire format: https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from otel_distro.diagnostics import fault

_MAX_UINT64: Final = 2**64 - 1
_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(128))

pack_fixed64: Final = struct.Struct("<Q").pack
pack_double: Final = struct.Struct("<d").pack


def varint(number: int) -> bytes:
    """Encode a non-negative integer as a base-128 varint."""
    if number < 128:
        return _ONE_BYTE[number]
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(tag: bytes, payload: bytes) -> bytes:
    """Encode a length-delimited field: string, bytes or embedded message."""
    length = len(payload)
    return tag + (_ONE_BYTE[length] if length < 128 else varint(length)) + payload


def utf8(text: str) -> bytes:
    """Encode text; a lone surrogate becomes "?", since one of them makes a receiver refuse the whole request."""
    try:
        return str.encode(text)
    except (UnicodeEncodeError, TypeError):  # a name that is no text is the application's mistake, not a lost batch
        return str.encode(str(text), "utf-8", "replace")


def nanoseconds(timestamp: float | None) -> bytes:
    """Encode a time stamp (nanoseconds since the epoch) as fixed64, clamped to what fits."""
    return pack_fixed64(min(max(int(timestamp or 0), 0), _MAX_UINT64))


def encode_value(value: object) -> bytes:
    """Encode any value as the content of an `AnyValue`; what has no wire type is sent as its text."""
    encode = _BY_TYPE.get(type(value))
    return encode(value) if encode is not None else _encode_unusual(value)


def _encode_str(value: str) -> bytes:
    return field(b"\x0a", utf8(value))


def _encode_bool(value: bool) -> bytes:
    return b"\x10\x01" if value else b"\x10\x00"


def _encode_int(value: int) -> bytes:
    if not -(2**63) <= value < 2**63:
        return _encode_str(int.__repr__(value))
    return b"\x18" + varint(value & _MAX_UINT64)


def _encode_float(value: float) -> bytes:
    return b"\x21" + pack_double(value)


def _encode_bytes(value: bytes) -> bytes:
    return field(b"\x3a", value)


def _encode_sequence(values: Sequence[object]) -> bytes:
    return field(b"\x2a", b"".join([field(b"\x0a", encode_value(value)) for value in values]))


def _encode_mapping(values: Mapping[Any, object]) -> bytes:
    return field(b"\x32", b"".join([field(b"\x0a", encode_pair(str(key), value)) for key, value in values.items()]))


def _encode_none(_: None) -> bytes:
    return b""


_BY_TYPE: Final[Mapping[type, Callable[[Any], bytes]]] = {
    str: _encode_str,
    bool: _encode_bool,
    int: _encode_int,
    float: _encode_float,
    bytes: _encode_bytes,
    tuple: _encode_sequence,
    list: _encode_sequence,
    dict: _encode_mapping,
    type(None): _encode_none,
}
_BY_BASE: Final[Sequence[tuple[Any, Callable[[Any], bytes]]]] = (
    (str, _encode_str),
    (int, _encode_int),
    (float, _encode_float),
    (bytes, _encode_bytes),
    (Sequence, _encode_sequence),
    (Mapping, _encode_mapping),
)


def _encode_unusual(value: object) -> bytes:
    for base, encode in _BY_BASE:
        if isinstance(value, base):
            return encode(value)
    return _encode_str(str(value))


def encode_pair(key: str, value: object) -> bytes:
    """Encode the content of a `KeyValue`; a value that cannot be read (endless, `__str__` raises) is left empty."""
    try:
        encoded = encode_value(value)
    except Exception as exc:  # noqa: BLE001 - the value is the application's, and so is the code behind it
        fault("attribute value", exc)
        encoded = b""
    return field(b"\x0a", utf8(key)) + field(b"\x12", encoded)
