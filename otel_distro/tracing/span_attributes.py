# SPDX-License-Identifier: Apache-2.0
"""The attributes of a span: a plain dict for plain values, the SDK's own rules for everything else."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.util.types import AttributeValue

from otel_distro.diagnostics import fault
from otel_distro.tracing.redaction import Redaction
from otel_distro.upstream.tracing import SdkSpan, add_all, attributes_over, settle

# Applications that silence or watch the SDK's warnings know them under this name.
logger: Final = logging.getLogger("opentelemetry.sdk.trace")

_PLAIN_TYPES: Final = frozenset((str, bool, int, float))
_KEY_TYPES: Final = frozenset((str,))


class SpanAttributes(SdkSpan):
    """The part of a span that keeps its attributes within the limits."""

    _attributes: dict[str, Any]
    _redaction: Redaction | None
    _end_time: int | None = None
    _dropped_attributes = 0

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute; the oldest makes room when the limit is reached, as in the SDK."""
        if self._end_time is not None:
            logger.warning("Setting attribute on ended span.")
            return
        if self._redaction is not None:
            value = self._redaction.value(key, value)
        attributes, limits = self._attributes, self._limits
        if (
            type(key) is str
            and key
            and type(value) in _PLAIN_TYPES
            and (limits.max_span_attribute_length is None or type(value) is not str)
            and (limits.max_span_attributes is None or len(attributes) < limits.max_span_attributes)
        ):
            attributes.pop(key, None)
            attributes[key] = value
        else:
            self._by_the_rules(lambda bounded: bounded.__setitem__(key, value))

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        if self._end_time is not None:
            logger.warning("Setting attribute on ended span.")
        else:
            self._store(attributes)

    def _store(self, attributes: Mapping[str, Any]) -> None:
        """Keep attributes: as they are if they are plain and new and there is room, else by the SDK's rules."""
        mine, limits = self._attributes, self._limits
        try:
            if self._redaction is not None:
                attributes = self._redaction.mapping(attributes)
            plain = (
                _PLAIN_TYPES.issuperset(map(type, attributes.values()))
                and _KEY_TYPES.issuperset(map(type, attributes))
                and "" not in attributes
                and limits.max_span_attribute_length is None
                and (limits.max_span_attributes is None or len(mine) + len(attributes) <= limits.max_span_attributes)
                and mine.keys().isdisjoint(attributes)
            )
        except (AttributeError, TypeError):
            plain = False
        if plain:
            mine.update(attributes)
        else:
            self._by_the_rules(lambda bounded: add_all(bounded, attributes))

    def _by_the_rules(self, store: Callable[[BoundedAttributes], None]) -> None:
        bounded = attributes_over(self._attributes, self._dropped_attributes, self._limits, frozen=False)
        try:
            store(bounded)
        except Exception as exc:  # noqa: BLE001 - the SDK calls `str()` on objects of the application, and walks them
            fault("span attribute", exc)
            bounded.dropped += 1
        settle(bounded, self._attributes)
        self._dropped_attributes = bounded.dropped

    @property
    def dropped_attributes(self) -> int:
        """The number of attributes that limits, or what they were, have cost this span."""
        return self._dropped_attributes
