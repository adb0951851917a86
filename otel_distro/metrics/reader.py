# SPDX-License-Identifier: Apache-2.0
"""Our metric reader: entry point `otel_distro_prometheus` of the group `opentelemetry_metrics_exporter`."""

from __future__ import annotations

from typing import Any, ClassVar

from opentelemetry.sdk.metrics.export import MetricReader, MetricsData
from opentelemetry.semconv._incubating.attributes.otel_attributes import OtelComponentTypeValues

from otel_distro import diagnostics
from otel_distro.metrics import limit
from otel_distro.metrics.cells import SegmentReader, Store
from otel_distro.metrics.families import Families, merge
from otel_distro.metrics.presentation import Presentation
from otel_distro.metrics.segment import Segment
from otel_distro.metrics.translate import families_of
from otel_distro.upstream.metrics import reader_aggregations, renew_locks, set_reader_aggregations


class PrometheusReader(MetricReader):
    """Hands out what the meter provider has measured, as families; binds no port, starts no thread."""

    latest: ClassVar[PrometheusReader | None] = None  # the SDK's configurator builds it and keeps it to itself

    def __init__(self) -> None:
        super().__init__(otel_component_type=OtelComponentTypeValues.PROMETHEUS_HTTP_TEXT_METRIC_EXPORTER)
        limit.install()
        self.store = Store()
        self._aggregations = limit.CellAggregations(reader_aggregations(self), self.store)
        set_reader_aggregations(self, self._aggregations)
        self._received: list[MetricsData] = []
        self._segments: dict[Segment, SegmentReader] = {}
        PrometheusReader.latest = self

    def present(self, presentation: Presentation) -> None:
        """Say how instruments appear; to be called before the first one measures."""
        self._aggregations.presentation = presentation

    def begin_at_zero(self) -> None:
        """Forget what the parent of this forked process had measured; the series move when a segment is found."""
        renew_locks(self)
        self._segments.clear()

    def families(self, *, everything: bool) -> Families:
        """Return what was measured: everything, or only what nobody can read in the shared segment.

        Not to be called by two threads at a time.
        """
        self._received.clear()
        try:
            self.collect()
        except Exception as error:  # noqa: BLE001  # the SDK raises when the application's callbacks take too long
            diagnostics.fault("observable instruments", error)
        found: Families = {}
        for data in self._received:
            merge(found, families_of(data, self._aggregations.presentation))
        segments = [self.store.segment, *self.store.private()] if everything else self.store.private()
        for segment in dict.fromkeys(segments):
            merge(found, self._reader(segment).families())
        merge(found, self.store.exemplars())
        return found

    def _reader(self, segment: Segment) -> SegmentReader:
        if segment not in self._segments:
            self._segments[segment] = SegmentReader(segment)
        return self._segments[segment]

    def _receive_metrics(self, metrics_data: MetricsData, *_args: Any, **_kwargs: Any) -> None:
        if metrics_data is not None:
            self._received.append(metrics_data)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002  # the SDK's signature
        """Do nothing: whoever scrapes collects."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Do nothing: the last scrape may come after the provider's shutdown."""
