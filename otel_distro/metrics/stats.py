# SPDX-License-Identifier: Apache-2.0
"""What our exporters say about themselves, under the names of the semantic conventions.

https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from otel_distro.metrics.families import Family, Kind, Number
from otel_distro.metrics.names import join_labels

_RECORDS = {"traces": ("span", "Spans"), "logs": ("log", "Log records")}


class ExportStats(Protocol):
    """What became of the records so far."""

    @property
    def exported(self) -> int:
        """Delivered."""

    @property
    def dropped(self) -> int:
        """Refused, because the queue was full or the exporter shut down."""

    @property
    def failed(self) -> int:
        """Accepted and not delivered."""

    @property
    def queue_size(self) -> int:
        """Waiting."""

    @property
    def queue_capacity(self) -> int:
        """How many may wait."""


def families(signal: Literal["traces", "logs"], stats: ExportStats) -> Iterator[Family]:
    """Yield the families of one exporter."""
    record, text = _RECORDS[signal]
    processor = {"otel_component_type": f"batching_{record}_processor", "otel_component_name": "otel_distro/0"}
    exporter = {"otel_component_type": f"otlp_http_{record}_exporter", "otel_component_name": "otel_distro/0"}
    family = _Families(record, processor)
    yield family(
        "processor_{}_processed",
        "counter",
        f"{text} for which the processing has ended, by error.",
        {"": stats.exported + stats.failed, "queue_full": stats.dropped},
    )
    yield family("processor_{}_queue_size", "gauge", f"{text} that wait for export.", {"": stats.queue_size})
    yield family("processor_{}_queue_capacity", "gauge", f"{text} that may wait at most.", {"": stats.queue_capacity})
    yield _Families(record, exporter)(
        "exporter_{}_exported",
        "counter",
        f"{text} for which the export has ended, by error.",
        {"": stats.exported, "export_failed": stats.failed},
    )


class _Families:
    """Builds families of one component."""

    def __init__(self, record: str, labels: dict[str, str]) -> None:
        self._record = record
        self._labels = labels

    def __call__(self, name: str, kind: Kind, text: str, by_error: dict[str, int]) -> Family:
        points = {join_labels({**self._labels, "error_type": error}): value for error, value in by_error.items()}
        full = "otel_sdk_" + name.format(self._record)
        return Family(full, kind, text, "", "sum", {labels: Number(float(value)) for labels, value in points.items()})
