# SPDX-License-Identifier: Apache-2.0
"""How instruments appear on /metrics: what the settings add to their names and labels.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple

from otel_distro.metrics.labels import BOUND
from otel_distro.metrics.names import family_name, join_labels, label_texts

_RESERVED = (BOUND,)
NO_LABELS: Mapping[str, Any] = MappingProxyType({})


class Presentation(NamedTuple):
    """What every series of the API's instruments gets.

    Attributes:
        prefix: Before the name of each, with an underscore between.
        scopes: Whether the instrumentation scope becomes labels.
        resource: The resource attributes that become labels.
    """

    prefix: str = ""
    scopes: bool = False
    resource: Mapping[str, Any] = NO_LABELS

    def name(self, name: str, unit: str, *, counter: bool) -> str:
        """Return the family's name."""
        return family_name(f"{self.prefix}_{name}" if self.prefix else name, unit, counter=counter)

    def labels(self, attributes: Mapping[str, Any] | None, scope: Any, *, histogram: bool = False) -> str:
        """Return the labels as text; a point's own win over its scope's, and those over the resource's."""
        own = label_texts(attributes, *_RESERVED) if histogram else label_texts(attributes)
        if self.scopes or self.resource:
            shared = label_texts(_scope_attributes(scope)) if self.scopes else NO_LABELS
            own = {**label_texts(self.resource), **shared, **own}
        return join_labels(own)


def _scope_attributes(scope: Any) -> dict[str, Any]:
    return {
        **{f"otel_scope_{key}": value for key, value in (scope.attributes or NO_LABELS).items()},
        "otel_scope_name": scope.name or "",
        "otel_scope_version": scope.version or "",
        "otel_scope_schema_url": scope.schema_url or "",
    }


def chosen(attributes: Mapping[str, Any], patterns: tuple[str, ...]) -> dict[str, Any]:
    """Return the attributes whose keys match one of the patterns, in which `*` stands for any characters."""
    return {key: value for key, value in attributes.items() if any(fnmatchcase(key, each) for each in patterns)}
