# SPDX-License-Identifier: Apache-2.0
"""Metrics made of Prometheus samples, as an application's own collectors yield them, put together again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

from otel_distro.metrics.families import Distribution, Family, Kind, Number
from otel_distro.metrics.names import join_labels

_KINDS: Mapping[str, Kind] = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "summary": "summary",
    "info": "info",
}


def family_of(metric: Any) -> Family:
    """Translate one metric; a collector's gauges are told apart by worker, for nobody has said how to add them up."""
    kind = _KINDS.get(metric.type, "unknown")
    family = Family(metric.name, kind, metric.documentation, metric.unit, "worker" if kind == "gauge" else "sum")
    if kind in ("histogram", "summary"):
        _distributions(family, metric)
    else:
        _numbers(family, metric)
    return family


def _numbers(family: Family, metric: Any) -> None:
    for sample in metric.samples:
        labels = join_labels(sample.labels)
        if sample.name != metric.name + "_created":
            family.points[labels] = Number(float(sample.value))
        elif labels in family.points:
            family.points[labels].created = sample.value


def _distributions(family: Family, metric: Any) -> None:
    """Quantiles are left out: they have no meaning over workers."""
    buckets: dict[str, dict[float, float]] = {}
    for sample in metric.samples:
        le = sample.labels.get("le")
        labels = join_labels({name: value for name, value in sample.labels.items() if name not in ("le", "quantile")})
        point = cast("Distribution", family.points.setdefault(labels, Distribution((), [0.0], 0.0)))
        if le is not None:
            buckets.setdefault(labels, {})[float(le)] = sample.value
        elif sample.name.endswith("_sum"):
            point.sum = sample.value
        elif sample.name.endswith("_created"):
            point.created = sample.value
        elif sample.name.endswith("_count") and family.kind == "summary":
            point.counts = [sample.value]
    for labels, found in buckets.items():
        _fill(cast("Distribution", family.points[labels]), found)


def _fill(point: Distribution, buckets: Mapping[float, float]) -> None:
    bounds = sorted(buckets)
    point.bounds = tuple(bound for bound in bounds if bound != math.inf)
    point.counts = [upper - lower for lower, upper in pairwise([0.0, *(buckets[bound] for bound in bounds)])]
