# SPDX-License-Identifier: Apache-2.0
"""OTLP's metrics under the names that Prometheus would give them, so that pushed and scraped ones look alike.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

from otel_distro.view.receive.rows import Point
from otel_distro.view.receive.values import attributes, sorted_json

_UNITS: Final = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "%": "percent", "m": "meters", "g": "grams"}
_INVALID: Final = re.compile(r"[^a-zA-Z0-9_:]+")
_NUMBERS = ("gauge", "sum")


def points_of(service: str, metric: Any) -> Iterator[Point]:
    """Yield a metric's points; exponential histograms and summaries as their count and sum."""
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    shown = "histogram" if kind not in _NUMBERS else "counter" if kind == "sum" and data.is_monotonic else "gauge"
    name = _name(metric.name, metric.unit, shown)
    for point in data.data_points:
        value = _number(point) if kind in _NUMBERS else _histogram(point)
        labels = sorted_json({_label(key): str(item) for key, item in attributes(point.attributes).items()})
        exemplars = tuple(_exemplars(point)) if kind == "histogram" else ()
        yield Point(
            service,
            name,
            shown,
            metric.unit,
            metric.description,
            labels,
            min(point.time_unix_nano, 2**63 - 1),
            value,
            exemplars,
        )


def _name(name: str, unit: str, kind: str) -> str:
    base = _label(name)
    suffix = _UNITS.get(unit, "")
    if suffix and not base.endswith(suffix):
        base = f"{base}_{suffix}"
    return base if kind != "counter" or base.endswith("_total") else f"{base}_total"


def _label(name: str) -> str:
    return _INVALID.sub("_", name)


def _number(point: Any) -> float:
    return float(point.as_int if point.WhichOneof("value") == "as_int" else point.as_double)


def _histogram(point: Any) -> list[Any]:
    bounds = [*(f"{bound:g}" for bound in getattr(point, "explicit_bounds", ())), "+Inf"]
    counts = list(accumulate(getattr(point, "bucket_counts", ()))) or [point.count]
    return [point.sum, dict(zip(bounds[-len(counts) :], counts, strict=False))]


def _exemplars(point: Any) -> Iterator[tuple[str, float, str]]:
    for exemplar in point.exemplars:
        if exemplar.trace_id:
            number = exemplar.as_double if exemplar.WhichOneof("value") == "as_double" else float(exemplar.as_int)
            above = (f"{bound:g}" for bound in point.explicit_bounds if number <= bound)
            yield next(above, "+Inf"), number, exemplar.trace_id.hex()
