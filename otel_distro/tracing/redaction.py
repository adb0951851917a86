# SPDX-License-Identifier: Apache-2.0
"""Attributes lose their secrets when they are set, so no processor, exporter or log line ever sees one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from otel_distro.diagnostics import fault

_MAX_PAIRS: Final = 4096
_MAX_LENGTH: Final = 128
_MAX_NAME: Final = 1024
# Queries are masked before they get here, addresses are none of his choice.
_STRANGERS: Final = ("url.path", "url.full")
_REMEMBERED_TYPES: Final = frozenset((str, int, bool, float))


class Redaction:
    """Redacts attributes, and remembers the pairs that were found clean: most come again and again.

    Args:
        redact: returns what stands in place of a value; the value itself if it may stand.

    """

    def __init__(self, redact: Callable[[str, Any], Any]) -> None:
        self._redact = redact
        self._clean: set[tuple[str, object]] = set()

    def value(self, key: str, value: Any) -> Any:
        """Return what may stand under this key."""
        if type(value) not in _REMEMBERED_TYPES or (key, value) not in self._clean:
            redacted = self._examined(key, value)
            if redacted is not value:
                return redacted
            self._remember(key, value)
        return value

    def name(self, name: str) -> str:
        """Return the name of a span or event, which should be one of few and may be anything: searched, and bounded."""
        if not isinstance(name, str):
            return name
        found: str = self.value("name", name if len(name) <= _MAX_NAME else name[:_MAX_NAME])
        return found

    def strangers(self, attributes: dict[str, Any]) -> None:
        """Redact, in place, what a stranger chose of a span that is ours in all else."""
        clean = self._clean
        for key in _STRANGERS:
            if key in attributes and (key, attributes[key]) not in clean:
                attributes[key] = self.value(key, attributes[key])

    def _examined(self, key: str, value: Any) -> Any:
        try:
            return self._redact(key if type(key) is str else str(key), value)
        except Exception as exc:  # noqa: BLE001 - what cannot be examined is not kept, and the application not disturbed
            fault("span redaction", exc)
            return None

    def mapping(self, attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return the attributes as they may stand; these very ones if all of them may."""
        if not attributes:
            return {}
        try:
            if self._clean.issuperset(attributes.items()):
                return attributes
        except TypeError:  # a value that cannot be hashed, such as a list
            pass
        return {key: self.value(key, value) for key, value in attributes.items()}

    def _remember(self, key: str, value: Any) -> None:
        # Keys are strangers' words too: the names of captured headers.
        length = len(key) + len(value) if type(value) is str else len(key)
        if type(value) not in _REMEMBERED_TYPES or type(key) is not str or length > _MAX_LENGTH:
            return
        if len(self._clean) >= _MAX_PAIRS:
            self._clean = set()
        self._clean.add((key, value))
