# SPDX-License-Identifier: Apache-2.0
"""A limit to the attribute sets of every instrument, and the place where our aggregations are made.

Without one, a client-controlled attribute fills the memory and the monitoring (the SDK has had its own since 1.45.2, and
has none before). `LimitedMatch` takes the place of the SDK's own class for every reader of the process. What is over the
limit goes, with its totals, into one more set, `otel.metric.overflow=true`. A limit that a view or a reader states counts
before ours.
https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from otel_distro import diagnostics
from otel_distro.ground.patch import Patches
from otel_distro.metrics import exponential
from otel_distro.metrics.cells import Series, Store
from otel_distro.metrics.names import unit_name
from otel_distro.metrics.presentation import Presentation
from otel_distro.upstream.metrics import InstrumentMatch, Measurement, hash_attributes, match_class

_patches = Patches()
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
    # Takes the secrets out of an attribute set; None to keep all. Once per set: what is clean is found again by its key.
    redact: ClassVar[Callable[[Mapping[str, Any]], Mapping[str, Any]] | None] = None

    def consume_measurement(self, measurement: Measurement, should_sample_exemplar: bool = True) -> None:
        """Hand a measurement to the aggregation of its attributes."""
        if not self.starts_anew:
            self.aggregation_for(measurement.attributes).aggregate(measurement, should_sample_exemplar)
            return
        key, clean = self._clean(self.filtered(measurement.attributes))
        with self.lock:  # a collection in between would take the aggregation away, and the measurement with it
            self._add(key, clean).aggregate(measurement, should_sample_exemplar)

    def aggregation_for(self, attributes: Mapping[str, Any] | None) -> Any:
        """Return the aggregation of an attribute set, a cell or one of the SDK's, made at its first use.

        Not to be kept where the match `starts_anew`.
        """
        kept = self.filtered(attributes)
        if (found := self.aggregations.get(hash_attributes(kept))) is not None:
            return found
        key, clean = self._clean(kept)
        with self.lock:
            return self._add(key, clean)

    @staticmethod
    def _clean(attributes: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        """Return the attributes without secrets, and their key."""
        redact = LimitedMatch.redact
        clean = attributes if redact is None else redact(attributes)
        return hash_attributes(clean), clean

    def _add(self, key: Any, attributes: Mapping[str, Any]) -> Any:
        """Return the aggregation, or that of the overflow. Call it under the lock."""
        if key not in self.aggregations and len(self.aggregations) >= (self.own_limit or self.limit):
            self._report_overflow()
            key, attributes = hash_attributes(OVERFLOW), OVERFLOW
        if key not in self.aggregations:
            self.aggregations[key] = self._create(attributes)
        return self.aggregations[key]

    def _report_overflow(self) -> None:
        self.overflows[self.name] += 1
        if self.overflows[self.name] == 1:
            diagnostics.report(
                f"metric {self.name} has reached {self.own_limit or self.limit} attribute sets; further ones are counted together under "
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
            labels=presented.labels(
                attributes, self.instrument.instrumentation_scope, histogram=self._buckets is not None
            ),
            bounds=self._buckets or (),
        )


def install() -> None:
    """Limit every instrument of the process, whatever reads it; instruments that measured before stay as they are."""
    storages, name = match_class()
    if not _patches.holds(storages):
        _patches.set(storages, name, LimitedMatch)


def uninstall() -> None:
    """Leave the instruments to come to the SDK; those that measured stay as they are."""
    _patches.undo()
