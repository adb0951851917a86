# SPDX-License-Identifier: Apache-2.0
"""An event as one line of JSON, within the limit that container runtimes set."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from otel_distro.logs.fields import ALWAYS, DEPLOYMENT, EXPORTED, REQUEST_IDS, SPAN_IDS
from otel_distro.logs.redaction.json_safe import shortened

Event = dict[str, Any]

# Fields that say which event it is; they are never cut. Everything else gives way, tracebacks first.
_IDENTITY: Final = frozenset((*ALWAYS, *SPAN_IDS, *REQUEST_IDS, *DEPLOYMENT, EXPORTED))
_LEAST_USEFUL_FIRST: Final = ("exception", "stack")
_SMALLEST_CUT: Final = 64
_MOST_CUTS: Final = 12


def _load_orjson() -> Callable[[Event], bytes] | None:
    # orjson is one binary per Python version, and the OpenTelemetry operator mounts one tree for all of them.
    try:
        import orjson
    except ImportError:
        return None
    return partial(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE)


def _encode_standard(event: Event) -> bytes:
    return json.dumps(_tame(event), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


_encode_fast: Callable[[Event], bytes] = _load_orjson() or _encode_standard


def encode(event: Event) -> bytes:
    """Return an event of plain JSON types as one line of UTF-8, line feed included."""
    try:
        return _encode_fast(event)
    except TypeError:  # a lone surrogate, an integer beyond 64 bits
        return _encode_standard(event)


def fit(event: Event, most: int) -> bytes:
    """Return the event as a line of at most `most` bytes: the traceback is cut in its middle, then the longest fields.

    Args:
        event: plain JSON types; it is changed.
        most: the limit in bytes, line feed included.
    """
    line = encode(event)
    for _ in range(_MOST_CUTS):
        if len(line) <= most:
            return line
        _cut_one(event, len(line) - most)
        line = encode(event)
    return line if len(line) <= most else encode(_identity(event, most))


def _cut_one(event: Event, excess: int) -> None:
    key = _least_useful(event)
    value = event[key]
    text = value if isinstance(value, str) else _encode_standard({"": value}).decode()[4:-2]
    per_character = _size(text) / max(len(text), 1)
    # The marker that stands in the middle takes some of what was won.
    event[key] = shortened(text, max(len(text) - int(excess / per_character) - _SMALLEST_CUT, _SMALLEST_CUT // 2))


def _least_useful(event: Event) -> str:
    for key in _LEAST_USEFUL_FIRST:
        if len(event.get(key, "")) > 4 * _SMALLEST_CUT:
            return key
    return max((key for key in event if key not in _IDENTITY or key == "message"), key=lambda key: _size(event[key]))


def _size(value: Any) -> int:
    return len(_encode_standard({"": value}))


def _identity(event: Event, most: int) -> Event:
    kept = {key: shortened(str(value), 128) for key, value in event.items() if key in _IDENTITY}
    return {**kept, "message": shortened(event["message"], most // 12), "truncated": True}


def _tame(value: Any) -> Any:
    """Return the value without what JSON cannot hold: lone surrogates, NaN; huge integers become text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_tame(key): _tame(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_tame(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return f"<int of {value.bit_length()} bits>"
    return value
