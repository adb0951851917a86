# SPDX-License-Identifier: Apache-2.0
"""Any Python value as plain JSON types, bounded in depth and size: a log line is never lost to a value in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from itertools import islice
from typing import Any, Final

MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 100
MAX_TEXT: Final = 8192
_CUT: Final = "…"

RedactText = Callable[[str], str]
RedactValue = Callable[[str, Any], Any]


def plain(value: Any, redact_text: RedactText, redact_value: RedactValue, depth: int = 0) -> Any:
    """Return `value` as str, int, float, bool, None, dict or list; what cannot be told is named.

    Args:
        value: anything an application logs.
        redact_text: applied to every text; it bounds the length too.
        redact_value: applied to the values of mappings, with their key; decides about secrets by name.
        depth: how deep the value stands; deeper than `MAX_DEPTH` only its type is named.
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return redact_text(str.__str__(value))
    if depth >= MAX_DEPTH:
        return f"<{type(value).__name__}: too deep>"
    try:
        return _container_or_text(value, redact_text, redact_value, depth)
    except Exception as error:  # noqa: BLE001 - the value is the application's, and so is the code behind it
        return f"<{type(value).__name__}: {type(error).__name__} when read>"


def plain_text(value: Any) -> str:
    """Return any value as text, without raising."""
    if type(value) is str:
        return value
    return str(plain(value, str, lambda _key, item: plain(item, str, lambda _inner, inner: plain_text(inner))))


def shortened(text: str, most: int = MAX_TEXT) -> str:
    """Return the text, cut in the middle if it is longer than `most` characters, with the count of what is gone."""
    if len(text) <= most:
        return text
    half = max(most // 2 - 20, 0)
    return f"{text[:half]}{_CUT}[{len(text) - 2 * half} characters]{_CUT}{text[len(text) - half :]}"


def _container_or_text(value: Any, redact_text: RedactText, redact_value: RedactValue, depth: int) -> Any:
    if isinstance(value, Enum):
        return plain(value.value, redact_text, redact_value, depth + 1)
    if isinstance(value, Mapping):
        return {key: _entry(key, item, redact_text, redact_value, depth) for key, item in _entries(value)}
    if isinstance(value, (list, tuple, AbstractSet)):
        items = [plain(item, redact_text, redact_value, depth + 1) for item in islice(value, MAX_ITEMS)]
        return items + _rest(value)
    return redact_text(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace")
    return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)


def _entry(key: str, item: Any, redact_text: RedactText, redact_value: RedactValue, depth: int) -> Any:
    if isinstance(item, (Mapping, list, tuple, AbstractSet)):
        # A name decides over everything below it; only when it does not, the value is looked into.
        decided = redact_value(key, "") if item else ""
        return decided or plain(item, redact_text, redact_value, depth + 1)
    return redact_value(key, item)


def _entries(mapping: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    return ((key if isinstance(key, str) else str(key), item) for key, item in islice(mapping.items(), MAX_ITEMS))


def _rest(values: Any) -> list[str]:
    more = len(values) - MAX_ITEMS
    return [f"{_CUT}{more} more"] if more > 0 else []


def _integer(value: int) -> int | str:
    number = int(value)
    return number if -(2**63) <= number < 2**64 else f"<int of {number.bit_length()} bits>"
