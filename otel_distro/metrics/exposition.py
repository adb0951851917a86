# SPDX-License-Identifier: Apache-2.0
"""Families as text: Prometheus 0.0.4 and OpenMetrics 1.0, with exemplars.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from otel_distro.metrics.families import Distribution, Exemplar, Family, Number, with_label


class Format(NamedTuple):
    """A text format."""

    content_type: str
    open_metrics: bool


TEXT = Format("text/plain; version=0.0.4; charset=utf-8", open_metrics=False)
OPEN_METRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", open_metrics=True)

# Suffixes of samples, so the family's name may not end in them: the parser would see another metric.
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})
_OPEN_METRICS_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_TEXT_TYPES = {"info": "gauge", "unknown": "untyped"}


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
    lines: list[str] = []
    for family in sorted(families, key=_order):
        if family.points:
            lines += _head(family, open_metrics=form.open_metrics)
            lines += _open_metrics_samples(family) if form.open_metrics else _samples(family, open_metrics=False)
    if form.open_metrics:
        lines.append("# EOF")
    lines.append("")
    return "\n".join(lines).encode("utf-8", "replace")


def _order(family: Family) -> tuple[bool, str]:
    """Who the target is comes first, then everything by name."""
    return family.name != "target", family.name


def _head(family: Family, *, open_metrics: bool) -> list[str]:
    if open_metrics:
        lines = [f"# TYPE {family.name} {family.kind}"]
        if family.unit and family.name.endswith("_" + family.unit):
            lines.append(f"# UNIT {family.name} {family.unit}")
        return [*lines, f"# HELP {family.name} {family.help.translate(_OPEN_METRICS_HELP_ESCAPES)}"]
    name = family.name + {"counter": "_total", "info": "_info"}.get(family.kind, "")
    kind = _TEXT_TYPES.get(family.kind, family.kind)
    return [f"# HELP {name} {family.help.translate(_HELP_ESCAPES)}", f"# TYPE {name} {kind}"]


def _open_metrics_samples(family: Family) -> Iterator[str]:
    yield from _samples(family, open_metrics=True)
    for labels, point in family.points.items():
        if point.created is not None:
            yield _line(family.name + "_created", labels, point.created)


def _samples(family: Family, *, open_metrics: bool) -> Iterator[str]:
    name = family.name + {"counter": "_total", "info": "_info"}.get(family.kind, "")
    for labels, point in family.points.items():
        if isinstance(point, Number):
            tail = _exemplar(point.exemplar) if open_metrics and family.kind == "counter" else ""
            yield _line(name, labels, point.value) + tail
        else:
            yield from _distribution(family, labels, point, open_metrics=open_metrics)


def _distribution(family: Family, labels: str, point: Distribution, *, open_metrics: bool) -> Iterator[str]:
    name = family.name
    braces = f"{{{labels}}}" if labels else ""
    if family.kind == "histogram":
        prefix = f"{name}_bucket{{{labels}," if labels else f"{name}_bucket{{"
        exemplars = point.exemplars if open_metrics else {}
        for index, (bound, count) in enumerate(zip((*point.bounds, math.inf), accumulate(point.counts), strict=False)):
            tail = _exemplar(exemplars.get(index)) if exemplars else ""
            yield f'{prefix}le="{number(bound)}"}} {number(count)}{tail}'
    yield f"{name}_count{braces} {number(sum(point.counts))}"
    yield f"{name}_sum{braces} {number(point.sum)}"


def _line(name: str, labels: str, value: float) -> str:
    return f"{name}{{{labels}}} {number(value)}" if labels else f"{name} {number(value)}"


def _exemplar(exemplar: Exemplar | None) -> str:
    if exemplar is None:
        return ""
    return f" # {{{exemplar.labels}}} {number(exemplar.value)} {exemplar.timestamp:.3f}"


def number(value: float) -> str:
    """Write a number as Go does: `1.0`, `+Inf`, `NaN`."""
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def quantile_labels(labels: str, quantile: float) -> str:
    """Return a summary's labels with a quantile."""
    return with_label(labels, "quantile", number(quantile))
