# SPDX-License-Identifier: Apache-2.0
"""Repeated `KeyValue` fields, with what comes again and again kept: whole pairs, and the heads of the others."""

from collections.abc import Mapping
from typing import Final

from otel_distro.otlp.encode_common import encode_pair, field, pack_double, utf8, varint

_MAX_PAIRS: Final = 4096
_MAX_VALUES_PER_KEY: Final = 64
_MAX_VALUE_LENGTH: Final = 128

# Pairs of other types must not share a key: (True, False) equals (1, 0), and -0.0 equals 0.0, but their bytes differ.
_CACHED_TYPES: Final = frozenset((str, int))


class AttributesEncoder:
    """Encodes attributes as a repeated `KeyValue` field and remembers the pairs of low-cardinality keys.

    A key that has shown many different values (a port, a user id) stops being remembered, so one such key cannot
    push out the others; memory is bounded by 4096 pairs of short values. Of those keys the heads are kept: the bytes
    before a value depend on the key and the value's length only.

    Args:
        tag: the field's tag in the message that holds the attributes.

    """

    def __init__(self, tag: bytes) -> None:
        self._tag = tag
        self._pairs: dict[tuple[str, object], bytes] = {}
        self._values_per_key: dict[str, int] = {}
        self._flags: dict[tuple[str, object], bytes] = {}  # apart: True equals 1
        self._text_heads: dict[tuple[str, int], bytes] = {}
        self._number_heads: dict[tuple[str, int], bytes] = {}
        self._float_heads: dict[str, bytes] = {}

    def encode(self, attributes: Mapping[str, object]) -> bytes:
        """Encode all attributes in their order."""
        pairs = self._pairs
        encoded = []
        for item in attributes.items():
            if type(item[1]) in _CACHED_TYPES:
                encoded.append(pairs.get(item) or self._other(*item))
            elif type(item[1]) is bool:
                encoded.append(self._flags.get(item) or self._remember_flag(item))
            elif type(item[1]) is float:
                head = self._float_heads.get(item[0])
                encoded.append(self._float(item[0], item[1]) if head is None else head + pack_double(item[1]))
            else:
                encoded.append(field(self._tag, encode_pair(*item)))
        return b"".join(encoded)

    def _other(self, key: str, value: object) -> bytes:
        """Encode a pair that is not kept: by the head of its key, if the key has shown too many values to keep more."""
        if self._values_per_key.get(key, 0) < _MAX_VALUES_PER_KEY:
            return self._remember(key, value)
        if type(value) is str:
            data, heads = utf8(value), self._text_heads
        elif type(value) is int and 0 <= value < 2**63:
            data, heads = varint(value), self._number_heads
        else:
            return field(self._tag, encode_pair(key, value))
        head = heads.get((key, len(data)))
        return head + data if head is not None else self._behead(key, value, data, heads)

    def _behead(self, key: str, value: object, data: bytes, heads: dict[tuple[str, int], bytes]) -> bytes:
        """Encode a pair, and keep what stands before its value."""
        encoded = field(self._tag, encode_pair(key, value))
        if data and len(data) < _MAX_VALUE_LENGTH:
            if len(heads) >= _MAX_PAIRS:
                heads.clear()
            heads[key, len(data)] = encoded[: -len(data)]
        return encoded

    def _remember(self, key: str, value: object) -> bytes:
        encoded = field(self._tag, encode_pair(key, value))
        if len(encoded) < _MAX_VALUE_LENGTH:
            if len(self._pairs) >= _MAX_PAIRS:  # keys that a stranger chose, such as the names of captured headers
                self._pairs.clear()
                self._values_per_key.clear()
            self._values_per_key[key] = self._values_per_key.get(key, 0) + 1
            self._pairs[key, value] = encoded
        return encoded

    def _float(self, key: str, value: float) -> bytes:
        """Encode a number, and keep what stands before its eight bytes: durations repeat seldom."""
        encoded = field(self._tag, encode_pair(key, value))
        if len(encoded) < _MAX_VALUE_LENGTH:
            if len(self._float_heads) >= _MAX_PAIRS:
                self._float_heads.clear()
            self._float_heads[key] = encoded[:-8]
        return encoded

    def _remember_flag(self, item: tuple[str, object]) -> bytes:
        encoded = field(self._tag, encode_pair(*item))
        if len(encoded) < _MAX_VALUE_LENGTH:
            if len(self._flags) >= _MAX_PAIRS:
                self._flags.clear()
            self._flags[item] = encoded
        return encoded
