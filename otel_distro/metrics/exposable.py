# SPDX-License-Identifier: Apache-2.0
"""What of the families may stand on a page together: a name once, and in OpenMetrics only what that format allows.

Text 0.0.4 takes any number; OpenMetrics refuses a page whose counter is negative.
https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#metric-types
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from otel_distro.metrics import left_out
from otel_distro.metrics.families import Distribution, Family, Kind, Number, Point, rank
from otel_distro.metrics.labels import has_label

# The names that a family's samples may have beside its own, as the library's registry and parser reserve them.
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "counter": ("_total", "_created"),
    "summary": ("_count", "_sum", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "info": ("_info",),
}


def distinct(families: Iterable[Family]) -> Iterator[Family]:
    """Yield the families that have points and whose samples have names of their own; those that count come first."""
    taken: dict[str, Family] = {}
    for family in sorted((family for family in families if family.points), key=lambda item: (rank(item), item.name)):
        names = [family.name, *(family.name + suffix for suffix in _SUFFIXES.get(family.kind, ()))]
        other = next((taken[name] for name in names if name in taken), None)
        if other is None:
            taken.update(dict.fromkeys(names, family))
            yield family
        else:
            what = f"(a {family.kind}) has a name that {other.name} (a {other.kind}) already has on /metrics"
            left_out.report(family.name, f"{what}: it is left out, give it another name")


def fitting(family: Family) -> Iterator[tuple[str, Point]]:
    """Yield what OpenMetrics allows of a family's points."""
    fit = _FITS.get(family.kind)
    for labels, point in family.points.items():
        found = point if fit is None else fit(point)
        if family.kind == "stateset" and not has_label(labels, family.name):
            found = None  # the state itself, which is a label of the family's name, is empty or missing
        if found is None:
            why = f"has numbers that no {family.kind} can have: those series are left out of /metrics in OpenMetrics"
            left_out.report(family.name, why)
        else:
            yield labels, found


def rising(family: Family) -> Iterator[tuple[str, Point]]:
    """Yield what the older format allows of a family's points: all but buckets that fall."""
    for labels, point in family.points.items():
        if isinstance(point, Distribution) and not all(count >= 0 for count in point.counts):
            left_out.report(
                family.name, f"is a {family.kind} whose buckets fall: those series are left out of /metrics"
            )
        else:
            yield labels, point


def _counter(point: Point) -> Point | None:
    return point if isinstance(point, Number) and point.value >= 0 else None


def _info(point: Point) -> Point | None:
    return point if isinstance(point, Number) and point.value == 1 else None


def _state(point: Point) -> Point | None:
    return point if isinstance(point, Number) and point.value in (0, 1) else None


def _counted(point: Point) -> Distribution | None:
    """Counts are whole and not below zero; NaN and infinity are not whole either."""
    if isinstance(point, Distribution) and all(map(float.is_integer, map(float, point.counts))):
        return point if min(point.counts, default=0) >= 0 else None
    return None


def _buckets(point: Point) -> Point | None:
    """A sum that may fall, as with values below zero, is left out."""
    counted = _counted(point)
    if counted is None or counted.sum is None or (counted.sum >= 0 and not _below_zero(counted)):
        return counted
    return replace(counted, sum=None)


def _gauge_buckets(point: Point) -> Point | None:
    counted = _counted(point)
    if counted is None or counted.sum is None or counted.sum >= 0 or (counted.sum < 0 and _below_zero(counted)):
        return counted
    return replace(counted, sum=None)


def _below_zero(point: Distribution) -> bool:
    return bool(point.bounds) and point.bounds[0] < 0


def _summary(point: Point) -> Point | None:
    counted = _counted(point)
    if counted is None:
        return None
    quantiles = tuple((at, value) for at, value in counted.quantiles if 0 <= at <= 1 and not value < 0)
    return replace(counted, sum=counted.sum if (counted.sum or 0) >= 0 else None, quantiles=quantiles)


_FITS: Mapping[Kind, Callable[[Point], Point | None]] = {
    "counter": _counter,
    "gaugehistogram": _gauge_buckets,
    "histogram": _buckets,
    "info": _info,
    "stateset": _state,
    "summary": _summary,
}
