# SPDX-License-Identifier: Apache-2.0
"""Frames between owner and members: four bytes of length, then JSON. No pickle: a frame may be forged."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Point, Policy

MAX_FRAME_BYTES = 32 * 1024 * 1024
_HEAD_BYTES = 4
_KINDS, _POLICIES = frozenset(get_args(Kind)), frozenset(get_args(Policy))


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as a frame."""
    body = _dumps(message)
    return len(body).to_bytes(_HEAD_BYTES, "big") + body


def _dumps(message: dict[str, Any]) -> bytes:
    try:
        import orjson

        return orjson.dumps(message)
    # No orjson: a binary per Python version, which the OpenTelemetry operator's one tree may lack. Nor does it take
    # integers beyond 64 bits and lone surrogates, which an application may hand to its metrics.
    except (ImportError, TypeError):
        return json.dumps(message).encode()


def _loads(body: bytes) -> Any:
    try:
        import orjson

        return orjson.loads(body)
    except (ImportError, ValueError):
        return json.loads(body)


class FrameBuffer:
    """Collects bytes and hands out whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Add bytes; yield the messages that are complete.

        Raises:
            ValueError: a frame is too long, or not a message.
        """
        self._bytes += data
        while len(self._bytes) >= _HEAD_BYTES:
            size = int.from_bytes(self._bytes[:_HEAD_BYTES], "big")
            if size > MAX_FRAME_BYTES:
                raise ValueError(f"a frame of {size} bytes")
            if len(self._bytes) < _HEAD_BYTES + size:
                return
            body = bytes(self._bytes[_HEAD_BYTES : _HEAD_BYTES + size])
            del self._bytes[: _HEAD_BYTES + size]
            message = _loads(body)
            if not isinstance(message, dict):
                raise ValueError("not a message")  # noqa: TRY004  # one error for all that is not ours
            yield message


def pack(families: Iterable[Family]) -> list[Any]:
    """Return families as JSON values; numbers that JSON lacks become text."""
    return [
        [
            family.name,
            family.kind,
            family.help,
            family.unit,
            family.policy,
            [[labels, *_pack(point)] for labels, point in family.points.items()],
        ]
        for family in families
    ]


def _pack(point: Point) -> tuple[Any, ...]:
    if isinstance(point, Number):
        return _json(point.value), point.created, list(point.exemplar) if point.exemplar else None
    exemplars = [[index, *exemplar] for index, exemplar in point.exemplars.items()]
    return point.bounds, point.counts, _json(point.sum), point.created, exemplars


def _json(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


def unpack(packed: Iterable[Any]) -> list[Family]:
    """Return the families that `pack` packed.

    Raises:
        ValueError: it did not.
    """
    try:
        return [_family(*fields) for fields in packed]
    except (TypeError, IndexError) as error:
        raise ValueError("not families") from error


def _family(*fields: Any) -> Family:
    name, kind, text, unit, policy, points = fields
    if kind not in _KINDS or policy not in _POLICIES or not all(isinstance(item, str) for item in (name, text, unit)):
        raise ValueError("not a family")
    return Family(name, kind, text, unit, policy, {str(labels): _unpack(*fields) for labels, *fields in points})


def _unpack(*fields: Any) -> Point:
    if len(fields) == 3:  # the fields of a number, see _pack
        value, created, exemplar = fields
        return Number(float(value), created, Exemplar(*exemplar) if exemplar else None)
    bounds, counts, total, created, exemplars = fields
    found = {int(index): Exemplar(*exemplar) for index, *exemplar in exemplars}
    return Distribution(tuple(bounds), [float(count) for count in counts], float(total), created, found)
