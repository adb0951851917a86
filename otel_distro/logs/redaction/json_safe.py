# SPDX-License-Identifier: Apache-2.0
"""Any Python value as plain JSON types, bounded in depth and size: a log line is never lost to a value in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time
from enum import Enum
from itertools import islice
from typing import Any, Final

from otel_distro.logs.redaction.keys import MAX_NAME, NAMING, distinct, judge_of

MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 100
MAX_TEXT: Final = 8192
SCALARS: Final = frozenset((int, float, bool, type(None)))
_DEEPEST_PLAIN: Final = 4
_CUT: Final = "…"
_NO_NAMES: Final[Mapping[int, Any]] = {}

RedactText = Callable[[str], str]
RedactValue = Callable[[str, Any], Any]


def json_safe(value: Any, redact_text: RedactText, redact_value: RedactValue, depth: int = 0) -> Any:
    """Return `value` as str, int, float, bool, None, dict or list; what cannot be told is named.

    Args:
        value: anything an application logs.
        redact_text: applied to every text; it bounds the length too.
        redact_value: applied to the values of mappings, with their key; decides about secrets by name.
        depth: how deep the value stands; deeper than `MAX_DEPTH` only its type is named.
    """
    try:  # around all of it: even `isinstance` runs code of the value's, as in a proxy outside its context
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (float, int)):
            return float.__float__(value) if isinstance(value, float) else _integer(int.__index__(value))
        if isinstance(value, str):
            return redact_text(str.__str__(value))
        if depth >= MAX_DEPTH:
            return f"<{type(value).__name__}: too deep>"
        return _container_or_text(value, redact_text, redact_value, depth)
    except Exception as error:  # noqa: BLE001 - the value is the application's, and so is the code behind it
        return f"<{type(value).__name__}: {type(error).__name__} when read>"


def plain_text(value: Any) -> str:
    """Return any value as text, without raising."""
    if type(value) is str:
        return value
    return str(json_safe(value, str, lambda _key, item: json_safe(item, str, lambda _inner, inner: plain_text(inner))))


def shortened(text: str, most: int = MAX_TEXT) -> str:
    """Return the text, cut in the middle if it is longer than `most` characters, with the count of what is gone."""
    if len(text) <= most:
        return text
    half = max(most // 2 - 20, 0)
    return f"{text[:half]}{gap(len(text) - 2 * half)}{text[len(text) - half :]}"


def gap(characters: int) -> str:
    """Return what stands in the middle of a text that was cut."""
    return f"{_CUT}[{characters} characters]{_CUT}"


def printable(text: str, *, lines: bool = False) -> str:
    """Return the text without what moves the cursor, colours, retitles or begins a line: strangers choose parts of it.

    Args:
        text: a part of a line.
        lines: whether line feeds and tabs stand for themselves, as in a traceback.
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join([each if each.isprintable() or each in kept else _escaped(each) for each in text])


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def key_text(key: Any) -> str:
    """Return the key of a mapping as bounded text, without raising."""
    if type(key) is str:
        return key if len(key) <= MAX_NAME else key[:MAX_NAME]
    try:
        return (bytes(key[:MAX_NAME]).decode("latin-1") if isinstance(key, bytes) else str(key))[:MAX_NAME]
    except Exception as error:  # noqa: BLE001 - as in `json_safe`
        return f"<{type(key).__name__}: {type(error).__name__} when read>"


def value_key(key: Any, mapping: Mapping[Any, Any]) -> Any:
    """Return what a value is called: in `{"name": "DB_PASSWORD", "value": …}`, as Kubernetes has it, by its neighbour."""
    if key != "value":
        return key
    names = [name for naming in NAMING if isinstance(name := mapping.get(naming), str) and name]
    return next((name for name in names if judge_of(name) is not None), names[0] if names else key)


def names_of_items(values: Any) -> Mapping[int, Any]:
    """Return what the items of a sequence are called, by position: fields, the second of a pair, what follows an option."""
    if hasattr(type(values), "_fields"):
        return dict(enumerate(type(values)._fields))
    if len(values) == 2 and type(values[0]) in {str, bytes} and not _is_word(values, values[1]):
        return {1: values[0]}
    options = [number for number, value in enumerate(values[:MAX_ITEMS], 1) if type(value) is str and value[:1] == "-"]
    return {number: values[number - 1] for number in options} if options else _NO_NAMES


def _is_word(values: Any, second: Any) -> bool:
    """Whether the second of a list may be the name of another field: `["password", "email"]`."""
    return type(values) is list and isinstance(second, str) and second.isalpha() and second.islower()


def _container_or_text(value: Any, redact_text: RedactText, redact_value: RedactValue, depth: int) -> Any:
    if isinstance(value, Enum):
        return json_safe(value.value, redact_text, redact_value, depth + 1)
    if isinstance(value, Mapping):
        return _mapping(value, redact_text, redact_value, depth)
    if isinstance(value, (list, tuple)):
        names = names_of_items(value)
        items = [
            _entry(key_text(names[number]), item, redact_text, redact_value, depth)
            if number in names
            else json_safe(item, redact_text, redact_value, depth + 1)
            for number, item in enumerate(islice(value, MAX_ITEMS))
        ]
        return items + _rest(value)
    if isinstance(value, AbstractSet):
        return [json_safe(item, redact_text, redact_value, depth + 1) for item in islice(value, MAX_ITEMS)] + _rest(
            value
        )
    return redact_text(_text(value))


def _mapping(
    value: Mapping[Any, Any], redact_text: RedactText, redact_value: RedactValue, depth: int
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, item in _entries(value):
        name = key_text(value_key(key, value))
        told[distinct(redact_text(key_text(key)), told)] = _entry(name, item, redact_text, redact_value, depth)
    return told


def _text(value: Any) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace")
    return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)


def _entry(key: str, item: Any, redact_text: RedactText, redact_value: RedactValue, depth: int) -> Any:
    if isinstance(item, (Mapping, list, tuple, AbstractSet)):
        # A name decides over everything below it; only when it does not, the value is looked into.
        decided = redact_value(key, "…") if item else ""
        return json_safe(item, redact_text, redact_value, depth + 1) if decided in {"", "…"} else decided
    return redact_value(key, item)


def _entries(mapping: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
    return islice(mapping.items(), MAX_ITEMS)


def _rest(values: Any) -> list[str]:
    more = len(values) - MAX_ITEMS
    return [f"{_CUT}{more} more"] if more > 0 else []


def _integer(number: int) -> int | str:
    return number if -(2**63) <= number < 2**64 else f"<int of {number.bit_length()} bits>"


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether JSON of a redacted value can hold no secret that the value did not show: objects speak when rendered."""
    if type(value) in (list, tuple):
        return depth < _DEEPEST_PLAIN and all(is_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return depth < _DEEPEST_PLAIN and all(
            type(key) is str and is_plain(item, depth + 1) for key, item in value.items()
        )
    return type(value) is str or type(value) in SCALARS
