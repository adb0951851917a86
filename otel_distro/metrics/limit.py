# SPDX-License-Identifier: Apache-2.0
"""A limit to the attribute sets of every instrument, and the place where our aggregations are made.

The SDK has no limit, so one client-controlled attribute fills the memory and the monitoring. `LimitedMatch` takes the
place of the SDK's own class for every reader of the process. What is over the limit goes, with its totals, into one
set, `otel.metric.overflow=true`.
https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from otel_distro import diagnostics
from otel_distro.metrics import exponential
from otel_distro.metrics.cells import Series, Store
from otel_distro.metrics.names import unit_name
from otel_distro.metrics.presentation import Presentation
from otel_distro.upstream.metrics import InstrumentMatch, Measurement, hash_attributes, use_match

OVERFLOW: Mapping[str, Any] = {"otel.metric.overflow": True}


class CellAggregations(dict[type, Any]):
    """The aggregations by instrument class of our reader; carries the store, so that a match can tell our reader."""

    def __init__(self, aggregations: Mapping[type, Any], store: Store) -> None:
        super().__init__(aggregations)
        self.store = store
        self.presentation = Presentation()


class LimitedMatch(InstrumentMatch):
    """The aggregations of one instrument under one view, in one reader."""

    limit: ClassVar[int] = 2000
    overflows: ClassVar[Counter[str]] = Counter()

    def consume_measurement(self, measurement: Measurement, should_sample_exemplar: bool = True) -> None:
        """Hand a measurement to the aggregation of its attributes."""
        self.aggregation_for(measurement.attributes).aggregate(measurement, should_sample_exemplar)

    def aggregation_for(self, attributes: Mapping[str, Any] | None) -> Any:
        """Return the aggregation of an attribute set, a cell or one of the SDK's, made at its first use."""
        kept = self.kept(attributes)
        key = hash_attributes(kept)
        return self.aggregations.get(key) or self._add(key, kept)

    def _add(self, key: Any, attributes: Mapping[str, Any]) -> Any:
        with self.lock:
            if key not in self.aggregations and len(self.aggregations) >= self.limit - 1:
                self._report_overflow()
                key, attributes = hash_attributes(OVERFLOW), OVERFLOW
            if key not in self.aggregations:
                self.aggregations[key] = self._create(attributes)
            return self.aggregations[key]

    def _report_overflow(self) -> None:
        self.overflows[self.name] += 1
        if self.overflows[self.name] == 1:
            diagnostics.report(
                f"metric {self.name} has reached {self.limit} attribute sets; further ones are counted together under "
                "otel_metric_overflow (OTEL_DISTRO_METRICS_CARDINALITY_LIMIT)"
            )

    def _create(self, attributes: Mapping[str, Any]) -> Any:
        ours = self.reader_aggregations
        if isinstance(ours, CellAggregations) and self.is_synchronous and (self.is_sum or self._buckets is not None):
            return ours.store.cell(self._series(attributes, ours))
        return self.sdk_aggregation(attributes)

    @property
    def _buckets(self) -> tuple[float, ...] | None:
        return exponential.BOUNDS if self.is_exponential else self.bounds

    def _series(self, attributes: Mapping[str, Any], ours: CellAggregations) -> Series:
        """Return what the series is on /metrics."""
        unit, presented = self.instrument.unit or "", ours.presentation
        return Series(
            name=presented.name(self.name, unit, counter=self.is_monotonic),
            kind="histogram" if self._buckets is not None else "counter" if self.is_monotonic else "gauge",
            help=self.description,
            unit=unit_name(unit),
            policy="sum",
            labels=presented.labels(attributes, self.instrument.instrumentation_scope),
            bounds=self._buckets or (),
        )


def install() -> None:
    """Limit every instrument of the process, whatever reads it; instruments that measured before stay as they are."""
    use_match(LimitedMatch)
