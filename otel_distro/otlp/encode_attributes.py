# SPDX-License-Identifier: Apache-2.0
"""Repeated `KeyValue` fields, with the bytes of pairs that come again and again kept."""

from collections.abc import Mapping
from typing import Final

from otel_distro.otlp.encode_common import encode_pair, field

_MAX_PAIRS: Final = 4096
_MAX_VALUES_PER_KEY: Final = 64
_MAX_VALUE_LENGTH: Final = 128

# Pairs of other types must not share a key: (True, False) equals (1, 0), and -0.0 equals 0.0, but their bytes differ.
_CACHED_TYPES: Final = frozenset((str, int))


class AttributesEncoder:
    """Encodes attributes as a repeated `KeyValue` field and remembers the pairs of low-cardinality keys.

    A key that has shown many different values (a port, a user id) stops being remembered, so one such key cannot
    push out the others; memory is bounded by 4096 pairs of short values.

    Args:
        tag: the field's tag in the message that holds the attributes.

    """

    def __init__(self, tag: bytes) -> None:
        self._tag = tag
        self._pairs: dict[tuple[str, object], bytes] = {}
        self._values_per_key: dict[str, int] = {}
        self._flags: dict[tuple[str, object], bytes] = {}  # apart: True equals 1

    def encode(self, attributes: Mapping[str, object]) -> bytes:
        """Encode all attributes in their order."""
        pairs = self._pairs
        encoded = []
        for item in attributes.items():
            if type(item[1]) in _CACHED_TYPES:
                encoded.append(pairs.get(item) or self._remember(item))
            elif type(item[1]) is bool:
                encoded.append(self._flags.get(item) or self._remember_flag(item))
            else:
                encoded.append(field(self._tag, encode_pair(*item)))
        return b"".join(encoded)

    def _remember(self, item: tuple[str, object]) -> bytes:
        key, value = item
        encoded = field(self._tag, encode_pair(key, value))
        seen = self._values_per_key.get(key, 0)
        if seen < _MAX_VALUES_PER_KEY and len(self._pairs) < _MAX_PAIRS and len(encoded) < _MAX_VALUE_LENGTH:
            self._values_per_key[key] = seen + 1
            self._pairs[item] = encoded
        return encoded

    def _remember_flag(self, item: tuple[str, object]) -> bytes:
        encoded = field(self._tag, encode_pair(*item))
        if len(self._flags) < _MAX_PAIRS and len(encoded) < _MAX_VALUE_LENGTH:
            self._flags[item] = encoded
        return encoded
