# SPDX-License-Identifier: Apache-2.0
"""Secrets are replaced before anything is encoded, in every signal: by key and by shape (issue 5, item 6).

Fail closed: what cannot be examined is not written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from otel_distro.diagnostics import fault
from otel_distro.logs.keys import Keys
from otel_distro.logs.plain import MAX_DEPTH, plain, shortened
from otel_distro.logs.secret_shapes import REDACTED, redact_shapes
from otel_distro.variables import RedactionSettings

__all__ = ["REDACTED", "configure", "redact_attribute", "redact_fields", "redact_mapping", "redact_text"]

UNREADABLE: Final = "[REDACTED: could not be examined]"
# No secret with a recognisable form is shorter: `a:b@h`, `pw=x`.
_SHORTEST: Final = 4
_LONGEST_REMEMBERED: Final = 128
_MOST_REMEMBERED: Final = 2048
_LONGEST_SEARCHED: Final = 65_536
# Ids and times, of which every line has others: they have no form of a secret, and are not worth remembering.
_ID_OR_TIME: Final = re.compile(r"[0-9a-f]{1,64}|\d{4}-\d\d-\d\d[T ][0-9:.,+-]{0,32}Z?").fullmatch
_SCALARS: Final = frozenset((int, float, bool, type(None)))
_CONTAINERS: Final = frozenset((dict, list, tuple))


class _Policy:
    enabled = True
    keys = Keys()
    # Messages are mostly constants and values mostly repeat: a text that was found clean is not searched again.
    clean: set[str] = set()  # noqa: RUF012 - the one policy of the process, replaced by configure


def configure(settings: RedactionSettings) -> None:
    """Take the settings over for the whole process."""
    _Policy.enabled = settings.enabled
    _Policy.keys = Keys(settings.keys)
    _Policy.clean = set()


def redact_text(text: str) -> str:
    """Return the text without anything that has the form of a secret."""
    if text in _Policy.clean or len(text) < _SHORTEST or _ID_OR_TIME(text) or not _Policy.enabled:
        return text
    try:
        redacted = redact_shapes(text, _is_secret)
    except Exception as error:  # noqa: BLE001 - fail closed: nothing that was not searched is written
        fault("redaction", error)
        return UNREADABLE
    if redacted != text:
        return redacted
    _remember(text)
    return text


def redact_long(text: str) -> str:
    """Return a text of any length without secrets and shortened: first searched, so that no secret is cut in half."""
    if text in _Policy.clean:
        return text
    return shortened(redact_text(shortened(text, _LONGEST_SEARCHED)))


def _is_secret(name: str) -> bool:
    return _Policy.keys[name][1]


def redact_fields(fields: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Copy `fields` into an event: names in snake_case, values without secrets and as plain JSON types."""
    keys, clean = _Policy.keys, _Policy.clean
    for key, value in fields.items():
        name, secret = keys[key]
        if secret:
            into[name] = redact_value(key, value)
        elif type(value) is str:
            into[name] = value if value in clean else redact_long(value)
        elif type(value) in _SCALARS:
            into[name] = value
        else:
            into[name] = redact_value(key, value)


def redact_value(key: str, value: Any) -> Any:
    """Return one value of any type as plain JSON types without secrets; flags and nothing at all are no secrets."""
    if value is not None and type(value) is not bool and _Policy.enabled and _Policy.keys[key][1]:
        return REDACTED
    return plain(value, redact_long, redact_value)


def redact_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the mapping, nested ones included, without secrets and as plain JSON types."""
    return dict(plain(mapping, redact_long, redact_value))


def redact_attribute(key: str, value: Any) -> Any:
    """Return the value of a span attribute without secrets; everything keeps its type, the clean its identity."""
    if type(value) is str and value in _Policy.clean and not _Policy.keys[key][1]:
        return value
    if value is None or type(value) is bool or not _Policy.enabled:
        return value
    return REDACTED if _Policy.keys[key][1] else _same_type(value)


def redact_in_place(event: MutableMapping[str, Any]) -> None:
    """Replace the secrets of an event that the application renders itself; types that are not text stay."""
    for key, value in event.items():
        redacted = redact_attribute(key, value) if isinstance(key, str) else value
        if redacted is not value:
            event[key] = redacted


def _same_type(value: Any, depth: int = 0) -> Any:
    """Return the value without secrets: plain containers are copied if something in them changed."""
    if type(value) is str:
        return redact_text(value)
    if type(value) not in _CONTAINERS or depth > MAX_DEPTH:
        return value
    if type(value) is dict:
        keys = _Policy.keys
        copy: Any = {
            key: REDACTED if type(key) is str and keys[key][1] and item is not None else _same_type(item, depth + 1)
            for key, item in value.items()
        }
        return copy if any(copy[key] is not item for key, item in value.items()) else value
    items = [_same_type(item, depth + 1) for item in value]
    return type(value)(items) if any(new is not old for new, old in zip(items, value, strict=True)) else value


def _remember(text: str) -> None:
    if len(text) > _LONGEST_REMEMBERED:
        return
    if len(_Policy.clean) >= _MOST_REMEMBERED:
        _Policy.clean.clear()
    _Policy.clean.add(text)
