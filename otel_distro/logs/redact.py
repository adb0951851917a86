# SPDX-License-Identifier: Apache-2.0
"""Secrets are replaced before anything is encoded, in every signal: by key and by shape (issue 5, item 6).

Fail closed: what cannot be examined is not written.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from otel_distro.diagnostics import fault
from otel_distro.logs.plain import plain
from otel_distro.logs.secret_keys import SecretKeys
from otel_distro.logs.secret_shapes import REDACTED, redact_shapes
from otel_distro.variables import RedactionSettings

__all__ = ["REDACTED", "configure", "redact_attribute", "redact_fields", "redact_mapping", "redact_text", "secret_keys"]

UNREADABLE: Final = "[REDACTED: could not be examined]"
# No secret with a recognisable form is shorter: `a:b@h`, `pw=x`.
_SHORTEST: Final = 4
_LONGEST_REMEMBERED: Final = 128
_MOST_REMEMBERED: Final = 2048
_SCALARS: Final = frozenset((int, float, bool, type(None)))
_CONTAINERS: Final = frozenset((dict, list, tuple))


class _Policy:
    enabled = True
    keys = SecretKeys()
    # Messages are mostly constants and values mostly repeat: a text that was found clean is not searched again.
    clean: set[str] = set()  # noqa: RUF012 - the one policy of the process, replaced by configure


def configure(settings: RedactionSettings) -> None:
    """Take the settings over for the whole process."""
    _Policy.enabled = settings.enabled
    _Policy.keys = SecretKeys(settings.keys)
    _Policy.clean = set()


def redact_text(text: str) -> str:
    """Return the text without anything that has the form of a secret."""
    if text in _Policy.clean or len(text) < _SHORTEST or not _Policy.enabled:
        return text
    try:
        redacted = redact_shapes(text)
    except Exception as error:  # noqa: BLE001 - fail closed: nothing that was not searched is written
        fault("redaction", error)
        return UNREADABLE
    if redacted == text:
        _remember(text)
    return redacted


def redact_fields(fields: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Copy `fields` into an event, without secrets and as plain JSON types."""
    secret = _Policy.keys
    clean = _Policy.clean
    for key, value in fields.items():
        kind = type(value)
        if kind is str:
            if secret[key] and _Policy.enabled:
                into[key] = REDACTED
            else:
                into[key] = value if value in clean else redact_text(value)
        elif kind in _SCALARS and not (secret[key] and kind is int):
            into[key] = value
        else:
            into[key] = redact_value(key, value)


def redact_value(key: str, value: Any) -> Any:
    """Return one value of any type as plain JSON types without secrets."""
    if value is not None and type(value) is not bool and _Policy.enabled and _Policy.keys[key]:
        return REDACTED
    return plain(value, redact_text, redact_value)


def redact_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the mapping, nested ones included, without secrets and as plain JSON types."""
    redacted: dict[str, Any] = {}
    redact_fields(mapping, redacted)
    return redacted


def redact_attribute(key: str, value: Any) -> Any:
    """Return the value of a span attribute without secrets; sequences keep their type."""
    kind = type(value)
    if kind in _SCALARS and kind is not int:
        return value
    if _Policy.keys[key] and _Policy.enabled:
        return REDACTED
    if kind is str:
        return value if value in _Policy.clean else redact_text(value)
    if isinstance(value, (list, tuple)):
        return type(value)([redact_text(item) if isinstance(item, str) else item for item in value])
    return value


def secret_keys() -> Mapping[str, bool]:
    """Return the look-up of secret keys, for those who redact a format of their own."""
    return _Policy.keys


def _remember(text: str) -> None:
    if len(text) > _LONGEST_REMEMBERED:
        return
    if len(_Policy.clean) >= _MOST_REMEMBERED:
        _Policy.clean.clear()
    _Policy.clean.add(text)


def redact_in_place(event: MutableMapping[str, Any]) -> None:
    """Replace the secrets of an event that the application renders itself; types that are not text stay."""
    for key, value in event.items():
        if isinstance(key, str) and _Policy.enabled and _Policy.keys[key] and value is not None:
            event[key] = REDACTED
        elif type(value) is str:
            event[key] = redact_text(value)
        elif type(value) in _CONTAINERS:
            event[key] = plain(value, redact_text, redact_value)
