# SPDX-License-Identifier: Apache-2.0
"""`target_info`: the resource, once per scrape.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#resource-attributes-1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_distro.metrics.families import Family, Number
from otel_distro.metrics.names import join_labels, label_texts

# These differ from worker to worker, and would make a new series of every restart; the runtime is the same for all.
_OF_ONE_PROCESS = ("service.instance.id", "process.")
_OF_ALL_PROCESSES = "process.runtime."


def families(attributes: Mapping[str, Any]) -> Iterator[Family]:
    """Yield the one family."""
    labels = join_labels(label_texts(shared(attributes)))
    yield Family("target", "info", "Target metadata", policy="last", points={labels: Number(1.0)})


def shared(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that all processes of the service have in common."""
    return {
        key: value
        for key, value in attributes.items()
        if key.startswith(_OF_ALL_PROCESSES) or not key.startswith(_OF_ONE_PROCESS)
    }
