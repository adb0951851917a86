# SPDX-License-Identifier: Apache-2.0
"""Secrets are replaced before anything is encoded, in every signal: by key and by shape (issue 5, item 6).

Fail closed: what cannot be examined is not written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from otel_distro.diagnostics import fault
from otel_distro.logs.redaction.json_safe import (
    MAX_DEPTH,
    MAX_TEXT,
    SCALARS,
    gap,
    json_safe,
    key_text,
    names_of_items,
    shortened,
    value_key,
)
from otel_distro.logs.redaction.json_text import is_told
from otel_distro.logs.redaction.keys import Judge, Keys, distinct
from otel_distro.logs.redaction.shapes import REDACTED, Shapes
from otel_distro.settings.model import RedactionSettings

__all__ = ["REDACTED", "configure", "redact_attribute", "redact_fields", "redact_mapping", "redact_text"]

UNREADABLE: Final = "[REDACTED: could not be examined]"
# No secret with a recognisable form is shorter: `a:b@h`, `pw=x`.
_SHORTEST: Final = 4
LONGEST_REMEMBERED: Final = 128
_MOST_REMEMBERED: Final = 2048
# Of a text that is cut, so much more is searched on both sides of the gap: a secret there is known by its beginning.
_MARGIN: Final = 1024
# Of a span attribute; the tracing backends cut at far less, or refuse.
MAX_ATTRIBUTE: Final = 32_768
_LONGEST_NAME: Final = 64
# Ids and times, of which every line has others: they have no form of a secret, and are not worth remembering.
ID_OR_TIME: Final = re.compile(r"[0-9a-f]{1,64}|\d{4}-\d\d-\d\d[T ][0-9:.,+-]{0,32}Z?").fullmatch
_CONTAINERS: Final = frozenset((dict, list, tuple))


def _judge_in_text(name: str) -> Judge | None:
    return Policy.names[name[-_LONGEST_NAME:]][1]


class Policy:
    enabled = True
    keys = Keys(searched=lambda name: redact_text(name))  # noqa: PLW0108 - which is defined below
    # Names in texts are strangers' words, kept apart: a flood of them does not push out those of fields.
    names = Keys()
    shapes = Shapes(_judge_in_text)
    # Messages are mostly constants and values mostly repeat: a text that was found clean is not searched again.
    clean: set[str | tuple[str | None, ...]] = set()  # noqa: RUF012 - the one policy of the process, replaced by configure
    # Events of one place in the code have the same names: those of which none announces a secret.
    quiet: set[tuple[Any, ...]] = set()  # noqa: RUF012 - the same
    # And what they are called in a line.
    named: dict[tuple[str, ...], tuple[str, ...]] = {}  # noqa: RUF012 - the same


def configure(settings: RedactionSettings) -> None:
    """Take the settings over for the whole process."""
    Policy.enabled = settings.enabled
    Policy.keys, Policy.names = Keys(settings.keys, redact_text), Keys(settings.keys)
    Policy.shapes = Shapes(_judge_in_text, settings.keys)
    Policy.clean, Policy.quiet, Policy.named = set(), set(), {}


def redact_text(text: str) -> str:
    """Return the text without anything that has the form of a secret."""
    if text in Policy.clean or len(text) < _SHORTEST or ID_OR_TIME(text) or not Policy.enabled:
        return text
    try:
        redacted = Policy.shapes.redacted(text)
    except Exception as error:  # noqa: BLE001 - fail closed: nothing that was not searched is written
        fault("redaction", error)
        return UNREADABLE
    if redacted != text:
        return redacted
    _remember(text)
    return text


def redact_long(text: str, most: int = MAX_TEXT) -> str:
    """Return a text of any length without secrets and shortened; only what is shown, and a margin, is searched."""
    if text in Policy.clean:
        return text
    if len(text) <= most:
        return shortened(redact_text(text), most)
    searched = (most + _MARGIN) // 2
    if len(text) <= 2 * searched:
        return shortened(redact_text(text), most)
    half = most // 2 - 20
    head, tail = redact_text(text[:searched]), redact_text(text[-searched:])
    return f"{head[:half]}{gap(len(text) - 2 * half)}{tail[-half:]}"


def redact_fields(fields: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Copy `fields` into an event: names in snake_case, values without secrets and as plain JSON types."""
    keys, clean, size = Policy.keys, Policy.clean, len(into)
    for key, value in fields.items():
        name, judge = keys[key]
        if judge is not None:
            into[name] = redact_value(key, value)
        elif type(value) is str:
            into[name] = value if value in clean else redact_long(value)
        elif type(value) in SCALARS:
            into[name] = value
        else:
            into[name] = redact_value(key, value)
    if "value" in fields and (name := value_key("value", fields)) != "value":
        into["value"] = redact_value(name, fields["value"])
    if len(into) - size != len(fields):
        _keep_all(fields, into)


def _keep_all(fields: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Give names of their own to fields that are called alike in snake_case: `userId` and `user_id`."""
    named: dict[str, Any] = {}
    alike: Counter[str] = Counter()
    for key, value in fields.items():
        name = Policy.keys[key][0]
        alike[name] += 1
        if alike[name] > 1:
            name = distinct(f"{name}_{alike[name]}", named)
        named[name] = redact_value(value_key(key, fields), value)
    into.update(named)


def redact_value(key: str, value: Any) -> Any:
    """Return one value of any type as plain JSON types without secrets; flags and nothing at all are no secrets."""
    judge = Policy.keys[key][1]
    if judge is not None and Policy.enabled and is_told(judge, value):
        return REDACTED
    return json_safe(value, redact_long, redact_value)


def redact_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the mapping, nested ones included, without secrets and as plain JSON types."""
    return dict(json_safe(mapping, redact_long, redact_value))


def redact_attribute(key: str, value: Any, most: int = MAX_ATTRIBUTE) -> Any:
    """Return the value of a span attribute without secrets and bounded; everything keeps its type, the clean its identity."""
    judge = Policy.keys[key][1]
    if type(value) is str and judge is None and value in Policy.clean:
        return value
    if value is None or type(value) is bool or not Policy.enabled:
        return value
    return REDACTED if judge is not None and is_told(judge, value) else _same_type(value, most)


def is_clean(text: str) -> bool:
    """Whether nothing in the text has the form of a secret."""
    return text in Policy.clean or redact_text(text) is text


def are_clean(texts: tuple[Any, ...]) -> bool:
    """Whether these are texts, or None, in which nothing has the form of a secret; what repeats as a whole is remembered."""
    if texts in Policy.clean:
        return True
    if not all(text is None or (type(text) is str and is_clean(text)) for text in texts):
        return False
    if len(Policy.clean) < _MOST_REMEMBERED:
        Policy.clean.add(texts)
    return True


def _same_type(value: Any, most: int, depth: int = 0) -> Any:
    """Return the value without secrets: plain containers are copied if something in them changed."""
    if isinstance(value, str):
        return _same_text(value, most)
    if isinstance(value, (bytes, bytearray)):
        return _same_bytes(value, most)
    if depth > MAX_DEPTH or (type(value) not in _CONTAINERS and not hasattr(type(value), "_fields")):
        return value
    if type(value) is dict:
        copy: Any = {}
        for key, item in value.items():
            shown = redact_text(key) if type(key) is str else key
            name = key if shown == key else distinct(shown, copy)
            copy[name] = _same_item(value_key(key, value), item, most, depth)
        return copy if any(key not in copy or copy[key] is not item for key, item in value.items()) else value
    names = names_of_items(value)
    items = [_same_item(names.get(number), item, most, depth) for number, item in enumerate(value)]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    return type(value)(*items) if hasattr(type(value), "_fields") else type(value)(items)


def _same_item(name: Any, item: Any, most: int, depth: int) -> Any:
    judge = None if name is None else Policy.keys[key_text(name)][1]
    return REDACTED if judge is not None and is_told(judge, item) else _same_type(item, most, depth + 1)


def _same_text(value: str, most: int) -> str:
    text = value if type(value) is str else str.__str__(value)
    redacted = redact_long(text, most)
    return value if redacted == text else redacted


def _same_bytes(value: bytes | bytearray, most: int) -> bytes | bytearray:
    """Search bytes as the text that exporters and renderers make of them."""
    value = value if len(value) <= most else value[:most]
    text = value.decode("utf-8", "surrogateescape")
    redacted = redact_text(text)
    return value if redacted == text else redacted.encode("utf-8", "surrogateescape")


def _remember(text: str) -> None:
    if len(text) > LONGEST_REMEMBERED:
        return
    if len(Policy.clean) >= _MOST_REMEMBERED:
        Policy.clean.clear()
    Policy.clean.add(text)
