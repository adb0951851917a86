# SPDX-License-Identifier: Apache-2.0
"""Families as text: Prometheus 0.0.4 and OpenMetrics 1.0, with exemplars.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from otel_distro.metrics.exposable import distinct, fitting, rising
from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Point
from otel_distro.metrics.labels import QUANTILE, with_label


class Format(NamedTuple):
    """A text format."""

    content_type: str
    open_metrics: bool


TEXT = Format("text/plain; version=0.0.4; charset=utf-8", open_metrics=False)
OPEN_METRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", open_metrics=True)

_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})
_OPEN_METRICS_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_TEXT_TYPES = {"gaugehistogram": "histogram", "info": "gauge", "stateset": "gauge", "unknown": "untyped"}
_SUFFIXES = {"counter": "_total", "info": "_info"}
_LONGEST_EXEMPLAR = 128  # characters of its labels: longer ones are refused, here with their quotes and commas


def choose(accept: str) -> Format:
    """Choose the format that a client's Accept header prefers; text for those who do not say."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for item in accept.split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        if media in weights:
            weights[media] = max(weights[media], _weight(parameters))
    return OPEN_METRICS if weights["application/openmetrics-text"] > weights["text/plain"] else TEXT


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def render(families: Iterable[Family], form: Format) -> bytes:
    """Write families in a format; lone surrogates become question marks."""
    write = _open_metrics if form.open_metrics else _text
    lines: list[str] = []
    for family in sorted(distinct(families), key=_order):
        lines += write(family)
    if form.open_metrics:
        lines.append("# EOF")
    lines.append("")
    return "\n".join(lines).encode("utf-8", "replace")


class Page:
    """The families of one moment, for everybody who asked before it: each format is written once."""

    def __init__(self, families: Iterable[Family]) -> None:
        self.families = list(families)
        self._texts: dict[Format, bytes] = {}
        self._zipped: dict[Format, bytes] = {}

    def text(self, form: Format) -> bytes:
        """Return the page in a format."""
        if form not in self._texts:
            self._texts[form] = render(self.families, form)
        return self._texts[form]

    def zipped(self, form: Format) -> bytes:
        """Return the page in a format, compressed."""
        if form not in self._zipped:
            self._zipped[form] = gzip.compress(self.text(form), compresslevel=1)
        return self._zipped[form]


def _order(family: Family) -> tuple[bool, str]:
    """Who the target is comes first, then everything by name."""
    return family.name != "target", family.name


def _open_metrics(family: Family) -> list[str]:
    """A label set's samples stand together, what begins with `_created` too: the format asks for it."""
    name = family.name
    lines: list[str] = []
    for labels, point in fitting(family):
        lines += _samples(family, labels, point, open_metrics=True)
        if point.created is not None:
            lines.append(_line(f"{name}_created", labels, point.created) + _time(point, open_metrics=True))
    if not lines:
        return []
    head = [f"# TYPE {name} {family.kind}"]
    if family.unit and name.endswith(f"_{family.unit}") and family.kind not in ("info", "stateset"):
        head.append(f"# UNIT {name} {family.unit}")
    return [*head, f"# HELP {name} {family.help.translate(_OPEN_METRICS_HELP_ESCAPES)}", *lines]


def _text(family: Family) -> list[str]:
    """What this format does not know is a gauge of its own, as `prometheus_client` has it."""
    points = list(rising(family))
    lines = [line for labels, point in points for line in _samples(family, labels, point, open_metrics=False)]
    name, text = family.name + _SUFFIXES.get(family.kind, ""), family.help.translate(_HELP_ESCAPES)
    if lines:
        lines = [f"# HELP {name} {text}", f"# TYPE {name} {_TEXT_TYPES.get(family.kind, family.kind)}", *lines]
    for suffix, values in _gauges(family.kind, points):
        found = [
            _line(family.name + suffix, labels, value) + _time(point, open_metrics=False)
            for labels, point, value in values
            if value is not None
        ]
        if found:
            lines += [f"# HELP {family.name}{suffix} {text}", f"# TYPE {family.name}{suffix} gauge", *found]
    return lines


_Values = Iterator[tuple[str, Point, "float | None"]]


def _gauges(kind: Kind, points: list[tuple[str, Point]]) -> Iterator[tuple[str, _Values]]:
    yield "_created", ((labels, point, point.created) for labels, point in points)
    if kind == "gaugehistogram":
        spread = [(labels, point) for labels, point in points if isinstance(point, Distribution)]
        yield "_gcount", ((labels, point, sum(point.counts)) for labels, point in spread if point.sum is not None)
        yield "_gsum", ((labels, point, point.sum) for labels, point in spread)


def _samples(family: Family, labels: str, point: Point, *, open_metrics: bool) -> Iterator[str]:
    time = _time(point, open_metrics=open_metrics) if point.timestamp is not None else ""
    if isinstance(point, Distribution):
        yield from _distribution(family, labels, point, time, open_metrics=open_metrics)
        return
    tail = _exemplar(point.exemplar) if open_metrics and family.kind == "counter" else ""
    yield _line(family.name + _SUFFIXES.get(family.kind, ""), labels, point.value) + time + tail


def _distribution(family: Family, labels: str, point: Distribution, time: str, *, open_metrics: bool) -> Iterator[str]:
    name = family.name
    if family.kind != "summary":
        prefix = f"{name}_bucket{{{labels}," if labels else f"{name}_bucket{{"
        exemplars = point.exemplars if open_metrics else {}
        for index, (bound, count) in enumerate(zip((*point.bounds, math.inf), accumulate(point.counts), strict=False)):
            tail = _exemplar(exemplars.get(index)) if exemplars else ""
            yield f'{prefix}le="{number(bound)}"}} {number(count)}{time}{tail}'
    for quantile, value in point.quantiles:
        yield _line(name, with_label(labels, QUANTILE, number(quantile)), value) + time
    if family.kind == "gaugehistogram":
        names = (f"{name}_gcount", f"{name}_gsum") if open_metrics else None
    else:
        names = f"{name}_count", f"{name}_sum"
    if names and point.counts and (point.sum is not None or family.kind == "summary"):
        yield _line(names[0], labels, sum(point.counts)) + time
    if names and point.sum is not None:
        yield _line(names[1], labels, point.sum) + time


def _line(name: str, labels: str, value: float) -> str:
    return f"{name}{{{labels}}} {number(value)}" if labels else f"{name} {number(value)}"


def _time(point: Point, *, open_metrics: bool) -> str:
    if point.timestamp is None:
        return ""
    return f" {point.timestamp}" if open_metrics else f" {int(point.timestamp * 1000)}"


def _exemplar(exemplar: Exemplar | None) -> str:
    # prometheus_client's parser takes the whole page for invalid where an exemplar's label has an escape.
    if exemplar is None or len(exemplar.labels) > _LONGEST_EXEMPLAR or "\\" in exemplar.labels:
        return ""
    time = "" if exemplar.timestamp is None else f" {exemplar.timestamp:.3f}"
    return f" # {{{exemplar.labels}}} {number(exemplar.value)}{time}"


def number(value: float) -> str:
    """Write a number as Go does: `1.0`, `+Inf`, `NaN`."""
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
