# SPDX-License-Identifier: Apache-2.0
"""Our metric reader: entry point `otel_distro_prometheus` of the group `opentelemetry_metrics_exporter`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from opentelemetry.sdk.metrics.export import MetricReader, MetricsData

from otel_distro import diagnostics
from otel_distro.metrics import limit
from otel_distro.metrics.cells import SegmentReader, Store
from otel_distro.metrics.families import Families, merge
from otel_distro.metrics.inquiry import Inquiry, Question
from otel_distro.metrics.presentation import Presentation
from otel_distro.metrics.segment import Segment
from otel_distro.metrics.translate import families_of
from otel_distro.upstream.metrics import (
    PROMETHEUS_READER,
    Measurement,
    collect,
    measurements,
    reader_aggregations,
    renew_locks,
    set_reader_aggregations,
)


class PrometheusReader(MetricReader):
    """Hands out what the meter provider has measured, as families; binds no port, starts no thread."""

    latest: ClassVar[PrometheusReader | None] = None  # the SDK's configurator builds it and keeps it to itself

    def __init__(self) -> None:
        super().__init__(otel_component_type=PROMETHEUS_READER)
        limit.install()
        self.store = Store()
        self._aggregations = limit.CellAggregations(reader_aggregations(self), self.store)
        set_reader_aggregations(self, self._aggregations)
        self._inquiry = Inquiry()
        self._segments: dict[Segment, SegmentReader] = {}
        PrometheusReader.latest = self

    def present(self, presentation: Presentation) -> None:
        """Say how instruments appear; to be called before the first one measures."""
        self._aggregations.presentation = presentation

    def begin_at_zero(self) -> None:
        """Forget what the parent of this forked process had measured; the series move when a segment is found."""
        renew_locks(self)
        self._inquiry = Inquiry()
        self._segments.clear()

    def families(self, *, everything: bool) -> Families:
        """Return what was measured: everything, or only what nobody can read in the shared segment.

        Not to be called by two threads at a time.
        """
        found: Families = {}
        try:
            data = collect(self, self._ask)
            if data is not None:
                merge(found, families_of(data, self._aggregations.presentation))
        except Exception as error:  # noqa: BLE001 - the boundary: an application's views and attributes are in there
            diagnostics.fault("observable instruments", error)
        segments = [self.store.segment, *self.store.private()] if everything else self.store.private()
        for segment in dict.fromkeys(segments):
            merge(found, self._reader(segment).families())
        merge(found, self.store.exemplars())
        return found

    def _reader(self, segment: Segment) -> SegmentReader:
        if segment not in self._segments:
            self._segments[segment] = SegmentReader(segment)
        return self._segments[segment]

    def _ask(self, instruments: list[Any]) -> list[Iterable[Measurement]]:
        questions = [Question(id(item), item.name, partial(measurements, item)) for item in instruments]
        return [answer or () for answer in self._inquiry.ask(questions)]

    def _receive_metrics(self, metrics_data: MetricsData, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: whoever scrapes collects in `families`."""

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: whoever scrapes collects."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Do nothing: the last scrape may come after the provider's shutdown."""
