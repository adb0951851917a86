# SPDX-License-Identifier: Apache-2.0
"""Metric families: the one shape in which numbers of every origin are merged over workers and written out.

A point's key is its label set as text, `method="GET",http_route="/"`: sorted, escaped, without empty values. It is
hashed once, compared fast, and written as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from otel_distro.metrics import left_out
from otel_distro.metrics.labels import with_label

Kind = Literal["counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary", "unknown"]
# What becomes of a gauge when several processes have it: added up, one series per worker, or one of the values.
Policy = Literal["sum", "worker", "max", "min", "last"]

# Kinds that only grow: what an ended worker counted stays in the total.
CUMULATIVE: frozenset[str] = frozenset({"counter", "histogram", "summary"})


class Exemplar(NamedTuple):
    """A measurement and where it came from: labels as text, its value, seconds since the epoch if they are known."""

    labels: str
    value: float
    timestamp: float | None


@dataclass(slots=True)
class Number:
    """The value of a counter or a gauge; times in seconds since the epoch.

    `timestamp` is what a collector of the application's says about its sample, and is gone once two are added.
    """

    value: float
    created: float | None = None
    exemplar: Exemplar | None = None
    timestamp: float | None = None


@dataclass(slots=True)
class Distribution:
    """A histogram's buckets (not cumulative, the last one is +Inf); a summary has one bucket and no bounds.

    Of what an application's collector may leave out, `sum` is None and a summary's `counts` are empty. Quantiles have
    no meaning over processes: they are gone, as the timestamp is, once two are added.
    """

    bounds: tuple[float, ...]
    counts: list[float]
    sum: float | None
    created: float | None = None
    exemplars: dict[int, Exemplar] = field(default_factory=dict)
    timestamp: float | None = None
    quantiles: tuple[tuple[float, float], ...] = ()


Point = Number | Distribution


@dataclass(slots=True)
class Family:
    """All series of one metric; `name` is without `_total`, `_bucket` and the like."""

    name: str
    kind: Kind
    help: str
    unit: str = ""
    policy: Policy = "worker"
    points: dict[str, Point] = field(default_factory=dict)


Families = dict[str, Family]


def rank(family: Family) -> tuple[bool, str]:
    """Where two metrics claim one name, the lower rank has it: who counts first, whatever order they came in."""
    return family.kind not in CUMULATIVE, family.kind


def merge(total: Families, families: Iterable[Family], worker: str = "") -> None:
    """Add the families of one process to the total; `worker` is its slot, empty if it needs no telling apart."""
    for family in families:
        known = total.get(family.name)
        if known is None or known.kind != family.kind:
            known = _claim(total, known, family)
            if known is None:
                continue
        if worker and family.policy == "worker" and family.kind not in CUMULATIVE:
            for labels, point in family.points.items():
                add_point(known, with_label(labels, "worker", worker), point, worker)
        else:
            for labels, point in family.points.items():
                add_point(known, labels, point, worker)


def _claim(total: Families, known: Family | None, family: Family) -> Family | None:
    """Give a family its name; a name that has another meaning can be exposed for one of the two only.

    https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1
    """
    if known is not None:
        loser = max(known, family, key=rank)
        what = f"is both a {known.kind} and a {family.kind}"
        left_out.report(family.name, f"{what}: the {loser.kind} is left out of /metrics, give it another name")
        if loser is family:
            return None
    claimed = Family(family.name, family.kind, family.help, family.unit, family.policy)
    total[family.name] = claimed
    return claimed


def add_point(family: Family, labels: str, point: Point, worker: str = "") -> None:
    """Add a point to what the family has under these labels."""
    known = family.points.get(labels)
    if known is None:
        family.points[labels] = _copy(point)
    elif isinstance(known, Number) and isinstance(point, Number):
        _add_number(family, known, point)
    elif isinstance(known, Distribution) and isinstance(point, Distribution):
        if known.bounds == point.bounds and len(known.counts) == len(point.counts):
            _add_distribution(known, point)
        elif worker and not labels.endswith(apart := with_label("", "worker", worker)):
            add_point(family, f"{labels},{apart}" if labels else apart, point, worker)
        elif not worker:
            left_out.report(family.name, "is two histograms of different bounds: one of them is left out of /metrics")


def negative(family: Family) -> Family:
    """Return a family that takes away what this one adds."""
    points: dict[str, Point] = {}
    for labels, point in family.points.items():
        if isinstance(point, Number):
            points[labels] = Number(-point.value)
        else:
            total = None if point.sum is None else -point.sum
            points[labels] = Distribution(point.bounds, [-count for count in point.counts], total)
    return Family(family.name, family.kind, family.help, family.unit, family.policy, points)


def _copy(point: Point) -> Point:
    if isinstance(point, Number):
        return Number(point.value, point.created, point.exemplar, point.timestamp)
    return replace(point, counts=list(point.counts), exemplars=dict(point.exemplars))


def _add_number(family: Family, known: Number, point: Number) -> None:
    if family.kind == "counter" or family.policy == "sum":
        known.value += point.value
    elif family.policy == "max":
        known.value = max(known.value, point.value)
    elif family.policy == "min":
        known.value = min(known.value, point.value)
    elif family.policy == "last":
        known.value = point.value
    known.created, known.timestamp = _earlier(known.created, point.created), None
    if point.exemplar is not None:
        known.exemplar = _newer(known.exemplar, point.exemplar)


def _add_distribution(known: Distribution, point: Distribution) -> None:
    known.counts = [mine + theirs for mine, theirs in zip(known.counts, point.counts, strict=True)]
    known.sum = None if known.sum is None or point.sum is None else known.sum + point.sum
    known.created, known.timestamp, known.quantiles = _earlier(known.created, point.created), None, ()
    for index, exemplar in point.exemplars.items():
        known.exemplars[index] = _newer(known.exemplars.get(index), exemplar)


def _earlier(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)


def _newer(one: Exemplar | None, other: Exemplar) -> Exemplar:
    return other if one is None or (other.timestamp or 0.0) > (one.timestamp or 0.0) else one
