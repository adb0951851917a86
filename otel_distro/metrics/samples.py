# SPDX-License-Identifier: Apache-2.0
"""Metrics made of Prometheus samples, as an application's own collectors yield them, put together again.

A collector may yield anything. What a family of its kind cannot have becomes a metric without a kind, under the
sample's own name, as on the library's page; what Prometheus would refuse is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, cast, get_args

from otel_distro.metrics import left_out
from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Policy
from otel_distro.metrics.labels import BOUND, QUANTILE, RESERVED
from otel_distro.metrics.names import exposed_labels, exposed_name

_KINDS = frozenset(get_args(Kind))
_SPREAD = frozenset({"gaugehistogram", "histogram", "summary"})
# Nobody has said how to add up what may fall: such series are told apart by worker.
_ADDED = frozenset({"counter", "histogram", "summary"})
_VALUES: Mapping[str, str] = {"counter": "_total", "info": "_info"}


def families_of(metric: Any) -> list[Family]:
    """Translate one metric."""
    reading = _Reading(metric)
    for sample in metric.samples:
        try:
            reading.take(sample)
        except (TypeError, ValueError, OverflowError) as error:
            left_out.report(reading.family.name, f"has a sample that is left out of /metrics: {error!r:.200}")
    reading.fill()
    return [reading.family, *reading.strays.values()]


class _Reading:
    """One metric while its samples are read."""

    def __init__(self, metric: Any) -> None:
        self._name = str(metric.name)
        name = exposed_name(self._name)
        kind = cast("Kind", metric.type if metric.type in _KINDS else "unknown")
        if kind == "stateset" and (":" in name or name.startswith(RESERVED)):  # its label could not be called so
            kind = "gauge"
        policy: Policy = "sum" if kind in _ADDED else "last" if kind == "info" else "worker"
        self.family = Family(name, kind, str(metric.documentation), str(metric.unit or ""), policy)
        self.strays: dict[str, Family] = {}
        self._buckets: dict[str, dict[float, float]] = {}
        self._marked: dict[str, dict[float, Exemplar]] = {}

    def take(self, sample: Any) -> None:
        """Put a sample where it belongs."""
        if sample.value is None:
            raise ValueError("a native histogram, which the text formats cannot say")
        value, name = float(sample.value), str(sample.name)
        suffix = name[len(self._name) :] if name.startswith(self._name) else None
        if self.family.kind not in _SPREAD:
            self._number(sample, value, suffix)
        elif not self._spread(sample, value, suffix):
            self._stray(sample, value)

    def _number(self, sample: Any, value: float, suffix: str | None) -> None:
        labels = exposed_labels(sample.labels)
        if suffix == _VALUES.get(self.family.kind, ""):
            exemplar = exemplar_of(sample.exemplar) if sample.exemplar else None
            self._put(self.family, labels, Number(value, None, exemplar, seconds(sample.timestamp)))
        elif suffix == "_created" and self.family.kind == "counter":
            if (point := self.family.points.get(labels)) is not None:
                point.created = value
        else:
            self._stray(sample, value)

    def _stray(self, sample: Any, value: float) -> None:
        name = exposed_name(str(sample.name))
        if name == self.family.name:
            raise ValueError(f"a {self.family.kind} with a sample of its bare name")
        stray = self.strays.setdefault(name, Family(name, "unknown", self.family.help))
        self._put(stray, exposed_labels(sample.labels), Number(value, None, None, seconds(sample.timestamp)))

    def _put(self, family: Family, labels: str, point: Number) -> None:
        if family.points.setdefault(labels, point) is not point:
            raise ValueError("the same series twice")

    def _spread(self, sample: Any, value: float, suffix: str | None) -> bool:
        """Take a part of a distribution; False if it is none."""
        take = self._parts(sample, value).get(suffix or "")
        if suffix is None or take is None:
            return False
        rest = {name: text for name, text in sample.labels.items() if (suffix, name) not in _TAKEN_BY}
        labels = exposed_labels(rest, BOUND, QUANTILE)
        point = self.family.points.setdefault(labels, Distribution((), [], None))
        point.timestamp = seconds(sample.timestamp)
        take(labels, cast("Distribution", point))
        return True

    def _parts(self, sample: Any, value: float) -> dict[str, Callable[[str, Distribution], None]]:
        def count(_labels: str, point: Distribution) -> None:
            point.counts = point.counts or [value]

        def total(_labels: str, point: Distribution) -> None:
            point.sum = value

        def created(_labels: str, point: Distribution) -> None:
            point.created = value

        def bucket(labels: str, _point: Distribution) -> None:
            bound = _number(sample.labels[BOUND])
            self._buckets.setdefault(labels, {})[bound] = value
            if sample.exemplar:
                self._marked.setdefault(labels, {})[bound] = exemplar_of(sample.exemplar)

        def quantile(_labels: str, point: Distribution) -> None:
            point.quantiles += ((_number(sample.labels[QUANTILE]), value),)

        if self.family.kind == "gaugehistogram":
            return {"_bucket": bucket, "_gcount": count, "_gsum": total}
        if self.family.kind == "summary":
            quantiles = {"": quantile} if QUANTILE in sample.labels else {}
            return {**quantiles, "_count": count, "_sum": total, "_created": created}
        return {"_bucket": bucket, "_count": count, "_sum": total, "_created": created}

    def fill(self) -> None:
        """Make the buckets of what their samples were, the one of +Inf from the count if it was missing."""
        for labels, found in self._buckets.items():
            point = cast("Distribution", self.family.points[labels])
            found.setdefault(math.inf, max(found.values(), default=0.0) if not point.counts else point.counts[0])
            bounds = sorted(found)
            point.bounds = tuple(bounds[:-1])
            point.counts = [upper - lower for lower, upper in pairwise([0.0, *(found[bound] for bound in bounds)])]
            marked = self._marked.get(labels, {})
            point.exemplars = {index: marked[bound] for index, bound in enumerate(bounds) if bound in marked}
        if self.family.kind in ("histogram", "gaugehistogram"):
            for labels in [labels for labels, point in self._distributions() if not point.counts]:
                del self.family.points[labels]

    def _distributions(self) -> Iterator[tuple[str, Distribution]]:
        return ((labels, point) for labels, point in self.family.points.items() if isinstance(point, Distribution))


_TAKEN_BY = frozenset({("_bucket", BOUND), ("", QUANTILE)})


def _number(text: Any) -> float:
    value = float(text)
    if math.isnan(value):
        raise ValueError(f"a bound that is no number: {text!r}")
    return value


def seconds(timestamp: Any) -> float | None:
    """Return a sample's time: the library's own class, a number, or none."""
    return None if timestamp is None else float(timestamp)


def exemplar_of(found: Any) -> Exemplar:
    """Translate an exemplar of the library."""
    return Exemplar(exposed_labels(found.labels), float(found.value), seconds(found.timestamp))
