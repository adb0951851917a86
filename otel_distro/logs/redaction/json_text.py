# SPDX-License-Identifier: Apache-2.0
"""Texts that are JSON: their values are redacted one by one, and what is not redacted stays as it was written.

Searched as prose a line of JSON would leak (`"token": ["a", "b"]`) and break (`"token": null`). Parsed and written again
it would lose doubled keys and the spelling of numbers. So it is read like a parser reads it, and only values change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from otel_distro.ground.patterns import pattern
from otel_distro.logs.redaction.keys import NAMING, Judge

_TOKEN: Final = pattern(r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:\s*)?|[\[\]{}]', re.DOTALL)
_NEXT: Final = pattern(r"\s*,\s*")
_END: Final = pattern(r"\s*\]")
_COLON: Final = pattern(r"\s*:")
_BEFORE: Final = pattern(r"\[\s*\Z")
_decode: Final = json.JSONDecoder().raw_decode


def is_json(text: str) -> bool:
    """Whether a text is a JSON object, or an array."""
    stripped = text.strip()
    begin, end = stripped[:1], stripped[-1:]
    if (begin, end) not in {("{", "}"), ("[", "]")}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def redact_json(text: str, judge: Callable[[str], Judge | None], redact_text: Callable[[str], str], marker: str) -> str:
    """Return the JSON without secrets; the same object if there is nothing.

    Args:
        text: valid JSON.
        judge: returns how the values of a name are judged.
        redact_text: applied to every text that is a value.
        marker: what stands in place of a secret.
    """
    return _Walk(text, judge, redact_text, json.dumps(marker)).redacted()


class _Walk:
    """One way through a text."""

    def __init__(
        self, text: str, judge: Callable[[str], Judge | None], redact_text: Callable[[str], str], marker: str
    ) -> None:
        self._text = text
        self._judge = judge
        self._redact_text = redact_text
        self._marker = marker
        self._parts: list[str] = []
        self._end = 0
        self._names: list[str] = []  # for each open object, what it says it is the value of

    def redacted(self) -> str:
        position = 0
        while (found := _TOKEN.search(self._text, position)) is not None:
            position = found.end()
            if found[1] is None:
                self._nest(found[0])
            elif found[2] is not None:
                name = _text_of(found[1])
                self._replace_text(found.start(), found.end(1) + 1, name)
                position = self._key(name, position)
            else:
                position = self._item(found, position)
        return "".join([*self._parts, self._text[self._end :]]) if self._parts else self._text

    def _nest(self, bracket: str) -> None:
        if bracket == "{":
            self._names.append("")
        elif bracket == "}":
            self._names.pop()

    def _key(self, name: str, position: int) -> int:
        """Return where to go on after a key: behind its value if that is a secret."""
        if name in NAMING and self._text.startswith('"', position):
            value, _ = _decode(self._text, position)
            self._names[-1] = value
            return position
        if name == "value" and self._names[-1]:
            name = self._names[-1]
        return self._without_secret(name, position)

    def _item(self, found: re.Match[str], position: int) -> int:
        """Redact a text, and what follows it in a pair (`["x-api-key", "…"]`) or behind an option."""
        value = _text_of(found[1])
        option = value.startswith("-")
        opens = option or _BEFORE.search(self._text, max(found.start() - 8, 0), found.start()) is not None
        if opens and (comma := _NEXT.match(self._text, position)) is not None and self._judge(value) is not None:
            second, stop = _decode(self._text, comma.end())
            # `["password", "email"]` lists the names of fields.
            word = isinstance(second, str) and second.isalpha() and second.islower()
            is_key = _COLON.match(self._text, stop) is not None  # in an object the next text is no value of this one
            if not is_key and (option or (not word and _END.match(self._text, stop) is not None)):
                self._replace_text(found.start(), position, value)
                return self._without_secret(value, comma.end())
        self._replace_text(found.start(), position, value)
        return position

    def _replace_text(self, start: int, stop: int, text: str) -> None:
        redacted = self._redact_text(text)
        if redacted is not text and redacted != text:
            self._replace(start, stop, json.dumps(redacted))

    def _without_secret(self, name: str, position: int) -> int:
        judge = self._judge(name)
        if judge is None:
            return position
        value, stop = _decode(self._text, position)
        if not is_told(judge, value):
            return position
        self._replace(position, stop, self._marker)
        return stop

    def _replace(self, start: int, stop: int, instead: str) -> None:
        if self._text[start:stop] != instead:
            self._parts += self._text[self._end : start], instead
            self._end = stop


def is_told(judge: Judge, value: Any) -> bool:
    """Whether a value is a secret; flags, nothing at all, and what is empty tell none."""
    if value is None or type(value) is bool or (isinstance(value, (str, list, dict, tuple)) and not value):
        return False
    return judge(value if isinstance(value, str) else str(value))


def _text_of(raw: str) -> str:
    return str(json.loads(f'"{raw}"', strict=False)) if "\\" in raw else raw
