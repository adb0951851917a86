# SPDX-License-Identifier: Apache-2.0
"""The SDK's metric data as families: what our reader does not keep in a segment (observables, gauges, other views)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    Sum,
)

from otel_distro.metrics import exponential, left_out
from otel_distro.metrics.families import Distribution, Exemplar, Family, Number, Point, add_point
from otel_distro.metrics.names import unit_name
from otel_distro.metrics.presentation import Presentation


def families_of(data: MetricsData, presentation: Presentation) -> Iterator[Family]:
    """Yield a family per metric."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                family = _family(metric, presentation)
                if family is not None:
                    _fill(family, metric, scope.scope, presentation)
                    yield family


def _fill(family: Family, metric: Metric, scope: Any, presentation: Presentation) -> None:
    for point in _points(metric):
        try:
            found = _point(point)
        except (TypeError, ValueError, OverflowError) as error:  # an integer beyond a float, and what is no number
            left_out.report(family.name, f"has a value that is left out of /metrics: {error!r:.200}")
        else:
            labels = presentation.labels(point.attributes, scope, histogram=family.kind == "histogram")
            add_point(family, labels, found)


def _points(metric: Metric) -> Sequence[Any]:
    return metric.data.data_points


def _family(metric: Metric, presentation: Presentation) -> Family | None:
    unit, text = metric.unit or "", metric.description or ""
    name, suffix = presentation.name(metric.name, unit, counter=False), unit_name(unit)
    if isinstance(metric.data, (Histogram, ExponentialHistogram)):
        return Family(name, "histogram", text, suffix, "sum")
    if isinstance(metric.data, Gauge):
        return Family(name, "gauge", text, suffix, "worker")
    if not isinstance(metric.data, Sum):
        return None
    if metric.data.is_monotonic:
        return Family(presentation.name(metric.name, unit, counter=True), "counter", text, suffix, "sum")
    return Family(name, "gauge", text, suffix, "sum")


def _point(point: Any) -> Point:
    if isinstance(point, ExponentialHistogramDataPoint):
        return Distribution(exponential.BOUNDS, exponential.counts(point), point.sum)
    if isinstance(point, HistogramDataPoint):
        counts = [float(count) for count in point.bucket_counts]
        return Distribution(tuple(point.explicit_bounds), counts, point.sum)
    exemplars = sorted(
        (item for item in point.exemplars if item.trace_id is not None), key=lambda item: item.time_unix_nano
    )
    return Number(float(point.value), None, _exemplar(exemplars[-1]) if exemplars else None)


def _exemplar(item: Any) -> Exemplar:
    labels = f'trace_id="{item.trace_id:032x}",span_id="{item.span_id:016x}"'
    return Exemplar(labels, item.value, item.time_unix_nano / 1e9)
