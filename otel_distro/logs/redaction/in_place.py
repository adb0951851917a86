# SPDX-License-Identifier: Apache-2.0
"""Events and fields that the application renders itself: examined where they are, most of them with few calls in Python."""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from otel_distro.logs.redaction.json_safe import SCALARS, key_text, value_key
from otel_distro.logs.redaction.keys import distinct
from otel_distro.logs.redaction.redact import (
    ID_OR_TIME,
    LONGEST_REMEMBERED,
    REDACTED,
    Policy,
    redact_attribute,
    redact_text,
)

_FLAT: Final = SCALARS | {str}
_MOST_EVENTS: Final = 512
_LONGEST_NAMES: Final = 512  # of an event, all together


def redact_in_place(event: MutableMapping[str, Any]) -> bool:
    """Replace the secrets of an event that the application renders itself; types that are not text stay.

    Returns:
        Whether the event is flat: short texts that were searched, numbers, flags. What is rendered of it by JSON and the
        like can hold nothing that was not examined.
    """
    if _is_known_flat(event):
        return True
    flat = True
    for key, value in [pair for pair in event.items() if not _is_known(*pair)]:
        flat = _replace(event, key, value) and flat
    return flat


def _is_known_flat(event: Mapping[str, Any]) -> bool:
    """Whether all names are known to announce no secret, and all values to be none: most events, with few calls in Python."""
    values = event.values()
    if tuple(event) not in Policy.quiet and not _is_quiet(event):
        return False
    if not _FLAT.issuperset(map(type, values)):  # a text of a kind of its own may equal one that is clean
        return False
    texts = [value for value in set(values).difference(Policy.clean) if type(value) is str]
    return all(map(ID_OR_TIME, texts))


def _is_quiet(event: Mapping[str, Any]) -> bool:
    """Whether no name announces a secret, by itself or for another; remembered if so."""
    if any(map(_announces, event)):
        return False
    if sum(map(len, event)) <= _LONGEST_NAMES:
        if len(Policy.quiet) >= _MOST_EVENTS:
            Policy.quiet.clear()
        Policy.quiet.add(tuple(event))
    return True


def is_flat(fields: Mapping[str, Any]) -> bool:
    """Whether fields have no secret, and are short texts that were searched, numbers and flags; nothing is changed."""
    if _is_known_flat(fields):
        return True
    return all(_is_known(key, value) or _is_found_clean(key, value) for key, value in fields.items())


def _is_known(key: Any, value: Any) -> bool:
    """Whether a field needs no examination: its name announces no secret, its value was found clean or is no text."""
    if _announces(key):
        return False
    if type(value) is str:
        return value in Policy.clean or ID_OR_TIME(value) is not None
    return type(value) in SCALARS


def _is_found_clean(key: Any, value: Any) -> bool:
    if type(value) is not str or len(value) > LONGEST_REMEMBERED or _announces(key):
        return False
    return redact_text(value) is value


def _announces(key: Any) -> bool:
    """Whether a name may announce a secret: its own, or the one of a neighbour that says how `value` is called."""
    return type(key) is not str or Policy.keys[key][1] is not None or key == "value"


def _replace(event: MutableMapping[str, Any], key: Any, value: Any) -> bool:
    """Replace one value if it is a secret; whether what is there now is a text that was examined, or none."""
    name = value_key(key, event)
    redacted = redact_attribute(name if isinstance(name, str) else key_text(name), value, sys.maxsize)
    if redacted is not value:
        event[key] = redacted
    if type(key) is str and Policy.keys[key][1] is not None and (shown := redact_text(key)) != key:
        event[distinct(shown, event)] = event.pop(key)
    if type(redacted) is str:
        return redacted in Policy.clean or redacted == REDACTED
    return type(redacted) in SCALARS and type(key) is str


def flat_fields(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return fields that are flat under their names in a line; None if two names became one."""
    given = tuple(fields)
    names = Policy.named.get(given)
    if names is None:
        names = tuple(Policy.keys[key][0] for key in given)
        if sum(map(len, names)) <= _LONGEST_NAMES:
            if len(Policy.named) >= _MOST_EVENTS:
                Policy.named.clear()
            Policy.named[given] = names
    named = dict(zip(names, fields.values(), strict=True))
    return named if len(named) == len(given) else None
