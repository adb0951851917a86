# SPDX-License-Identifier: Apache-2.0
"""Frames between owner and members: four bytes of length, then JSON. No pickle: a frame may be forged."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Point, Policy
from otel_distro.metrics.labels import checked_labels, checked_name

MAX_FRAME_BYTES = 32 * 1024 * 1024
_HEAD_BYTES = 4
_SPREAD = frozenset({"gaugehistogram", "histogram", "summary"})
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
    """Collects bytes and hands out whole messages.

    Attributes:
        limit: How long a frame may be.
    """

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self._bytes = bytearray()
        self.limit = limit

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Add bytes; yield the messages that are complete.

        Raises:
            ValueError: a frame is too long, or not a message.
        """
        self._bytes += data
        while len(self._bytes) >= _HEAD_BYTES:
            size = int.from_bytes(self._bytes[:_HEAD_BYTES], "big")
            if size > self.limit:
                raise ValueError(f"a frame of {size} bytes")
            if len(self._bytes) < _HEAD_BYTES + size:
                return
            body = bytes(self._bytes[_HEAD_BYTES : _HEAD_BYTES + size])
            del self._bytes[: _HEAD_BYTES + size]
            message = _loads(body)
            if not isinstance(message, dict):
                raise ValueError("not a message")  # noqa: TRY004 - one error for all that is not ours
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
        return _json(point.value), point.created, _pack_exemplar(point.exemplar), point.timestamp
    exemplars = [[index, *exemplar] for index, exemplar in point.exemplars.items()]
    total = None if point.sum is None else _json(point.sum)
    numbers = [_json(count) for count in point.counts]
    return point.bounds, numbers, total, point.created, exemplars, point.timestamp, point.quantiles


def _pack_exemplar(exemplar: Exemplar | None) -> list[Any] | None:
    return None if exemplar is None else [exemplar.labels, _json(exemplar.value), exemplar.timestamp]


def _json(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


def unpack(packed: Iterable[Any]) -> list[Family]:
    """Return the families that `pack` packed; every type and every text is looked at, for a child may have forged them.

    Raises:
        ValueError: it did not.
    """
    try:
        return [_family(*fields) for fields in packed]
    except (TypeError, IndexError, OverflowError, AttributeError, KeyError) as error:
        raise ValueError("not families") from error


def _family(*fields: Any) -> Family:
    name, kind, text, unit, policy, points = fields
    if kind not in _KINDS or policy not in _POLICIES or not isinstance(text, str) or not isinstance(unit, str):
        raise ValueError("not a family")
    unpack_point = _distribution if kind in _SPREAD else _number
    unpacked = {checked_labels(labels): unpack_point(*fields) for labels, *fields in points}
    return Family(checked_name(name), kind, text, unit, policy, unpacked)


def _number(*fields: Any) -> Number:
    value, created, exemplar, timestamp = fields
    return Number(float(value), _time(created), _exemplar(*exemplar) if exemplar else None, _time(timestamp))


def _distribution(*fields: Any) -> Distribution:
    bounds, counts, total, created, exemplars, timestamp, quantiles = fields
    limits = tuple(map(float, bounds))
    if counts and len(counts) != len(limits) + 1:
        raise ValueError("not as many counts as buckets")
    return Distribution(
        limits,
        list(map(float, counts)),
        None if total is None else float(total),
        _time(created),
        {int(index): _exemplar(*exemplar) for index, *exemplar in exemplars},
        _time(timestamp),
        tuple((float(at), float(value)) for at, value in quantiles),
    )


def _exemplar(labels: Any, value: Any, timestamp: Any) -> Exemplar:
    return Exemplar(checked_labels(labels), float(value), _time(timestamp))


def _time(seconds: Any) -> float | None:
    if seconds is None:
        return None
    if not math.isfinite(found := float(seconds)):
        raise ValueError("not a time")
    return found
