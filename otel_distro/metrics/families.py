# SPDX-License-Identifier: Apache-2.0
"""Metric families: the one shape in which numbers of every origin are merged over workers and written out.

A point's key is its label set as text, `method="GET",http_route="/"`: sorted, escaped, without empty values. It is
hashed once, compared fast, and written as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from otel_distro import diagnostics

Kind = Literal["counter", "gauge", "histogram", "summary", "info", "unknown"]
# What becomes of a gauge when several processes have it: added up, one series per worker, or one of the values.
Policy = Literal["sum", "worker", "max", "min", "last"]

# Kinds that only grow: what an ended worker counted stays in the total.
CUMULATIVE: frozenset[str] = frozenset({"counter", "histogram", "summary"})


class Exemplar(NamedTuple):
    """A measurement and where it came from: labels as text, its value, seconds since the epoch."""

    labels: str
    value: float
    timestamp: float


@dataclass(slots=True)
class Number:
    """The value of a counter or a gauge; `created` in seconds since the epoch."""

    value: float
    created: float | None = None
    exemplar: Exemplar | None = None


@dataclass(slots=True)
class Distribution:
    """A histogram's buckets (not cumulative, the last one is +Inf); a summary has one bucket and no bounds."""

    bounds: tuple[float, ...]
    counts: list[float]
    sum: float
    created: float | None = None
    exemplars: dict[int, Exemplar] = field(default_factory=dict)


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
_conflicts: set[str] = set()  # names of metrics that mean two things, as far as it was said


def merge(total: Families, families: Iterable[Family], worker: str = "") -> None:
    """Add the families of one process to the total; `worker` is its slot, empty if it needs no telling apart."""
    for family in families:
        known = total.get(family.name)
        if known is None:
            known = Family(family.name, family.kind, family.help, family.unit, family.policy)
            total[family.name] = known
        elif known.kind != family.kind:
            # The same name with another meaning: the first one stands, for a name can be exposed only once.
            # https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1
            _report_conflict(family.name, f"both a {known.kind} and a {family.kind}", f"the {family.kind}")
            continue
        if worker and family.kind in ("gauge", "unknown") and family.policy == "worker":
            for labels, point in family.points.items():
                _add(known, with_label(labels, "worker", worker), point, worker)
        else:
            for labels, point in family.points.items():
                _add(known, labels, point, worker)


def _add(family: Family, labels: str, point: Point, worker: str) -> None:
    known = family.points.get(labels)
    if known is None:
        family.points[labels] = _copy(point)
    elif isinstance(known, Number) and isinstance(point, Number):
        _add_number(family, known, point)
    elif isinstance(known, Distribution) and isinstance(point, Distribution):
        if known.bounds == point.bounds:
            _add_distribution(known, point)
        elif worker and not labels.endswith(apart := with_label("", "worker", worker)):
            _add(family, f"{labels},{apart}" if labels else apart, point, worker)
        elif not worker:
            _report_conflict(family.name, "two histograms of different bounds", "one of them")


def _report_conflict(name: str, what: str, left_out: str) -> None:
    """Say it once, though every scrape meets it again."""
    if name not in _conflicts:
        _conflicts.add(name)
        diagnostics.report(f"metric {name} is {what}: {left_out} is left out of /metrics, give it another name")


def negative(family: Family) -> Family:
    """Return a family that takes away what this one adds."""
    points: dict[str, Point] = {}
    for labels, point in family.points.items():
        if isinstance(point, Number):
            points[labels] = Number(-point.value)
        else:
            points[labels] = Distribution(point.bounds, [-count for count in point.counts], -point.sum)
    return Family(family.name, family.kind, family.help, family.unit, family.policy, points)


def _copy(point: Point) -> Point:
    if isinstance(point, Number):
        return Number(point.value, point.created, point.exemplar)
    return Distribution(point.bounds, list(point.counts), point.sum, point.created, dict(point.exemplars))


def _add_number(family: Family, known: Number, point: Number) -> None:
    if family.kind == "counter" or family.policy == "sum":
        known.value += point.value
    elif family.policy == "max":
        known.value = max(known.value, point.value)
    elif family.policy == "min":
        known.value = min(known.value, point.value)
    elif family.policy == "last":
        known.value = point.value
    if point.created is not None:
        known.created = point.created if known.created is None else min(known.created, point.created)
    if point.exemplar is not None:
        known.exemplar = _newer(known.exemplar, point.exemplar)


def _add_distribution(known: Distribution, point: Distribution) -> None:
    known.counts = [mine + theirs for mine, theirs in zip(known.counts, point.counts, strict=True)]
    known.sum += point.sum
    if point.created is not None:
        known.created = point.created if known.created is None else min(known.created, point.created)
    for index, exemplar in point.exemplars.items():
        known.exemplars[index] = _newer(known.exemplars.get(index), exemplar)


def _newer(one: Exemplar | None, other: Exemplar) -> Exemplar:
    return other if one is None or other.timestamp > one.timestamp else one


def with_label(labels: str, name: str, value: str) -> str:
    """Return the label text with one more label, whose value needs no escaping."""
    return f'{labels},{name}="{value}"' if labels else f'{name}="{value}"'
