# SPDX-License-Identifier: Apache-2.0
"""The metric half of LogQL, as far as it is used here: aggregations over a range, over series, and arithmetic of two.

Source: https://grafana.com/docs/loki/latest/query/metric_queries/.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from testbed.loki_door.configuration import seconds
from testbed.loki_door.grammar import Node, NotLogQL
from testbed.loki_door.pipeline import Line, lines
from testbed.loki_door.streams import Stream

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, float]
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": lambda left, right: left / right if right else float("nan"),
}


def vector(node: Node, streams: Sequence[Stream], now: int) -> Vector:
    """Return the value of each series of a metric expression at a point in time (nanoseconds)."""
    if node.name in {"Expr", "MetricExpr"}:
        inner = node.one("MetricExpr", "RangeAggregationExpr", "VectorAggregationExpr", "BinOpExpr")
        return vector(inner, streams, now)
    return _KINDS[node.name](node, streams, now)


def _range(node: Node, streams: Sequence[Stream], now: int, keep: frozenset[str] | None = None) -> Vector:
    """Aggregate the lines of a range; `keep` are the labels that the sum around it will ask for."""
    log, operation = node.one("LogRangeExpr"), node.one("RangeOp").text
    span = seconds(log.one("Range").text)
    if operation not in _OVER_TIME:
        raise NotLogQL(f"{operation} is not known here")
    by = _grouping(node) if node.first("Grouping") else keep
    unwrap = log.first("UnwrapExpr")
    field = unwrap.one("Identifier").text if unwrap else ""
    groups: dict[Labels, list[float]] = {}
    # A range reaches from just after its beginning to its end, that included.
    for line in lines(log, streams, now - int(span * 1e9) + 1, now + 1):
        groups.setdefault(_labels(line, by, field), []).append(_sample(line, operation, field))
    quantile = float(number.text) if (number := node.first("Number")) else 0.0
    return {labels: _over_time(operation, values, span, quantile) for labels, values in groups.items()}


def _labels(line: Line, by: frozenset[str] | None, field: str) -> Labels:
    if by is not None:
        return tuple((name, value) for name in sorted(by) if (value := line.value(name)))
    return tuple(sorted((name, value) for name, value in line.everything().items() if name != field))


def _sample(line: Line, operation: str, field: str) -> float:
    if "__error__" in line.metadata:
        raise NotLogQL(f"pipeline error: {line.metadata['__error__']} in a metric query")
    if field:
        return float(line.value(field) or "nan")
    return float(len(line.line.encode())) if operation.startswith("bytes") else 1.0


def _over_time(operation: str, values: Sequence[float], span: float, quantile: float) -> float:
    if operation in {"count_over_time", "bytes_over_time", "sum_over_time"}:
        return sum(values)
    if operation in {"rate", "bytes_rate"}:
        return sum(values) / span
    if operation in {"avg_over_time", "max_over_time"}:
        return max(values) if operation.startswith("max") else sum(values) / len(values)
    return _quantile(sorted(values), quantile)


_OVER_TIME: Final = {
    "count_over_time",
    "bytes_over_time",
    "sum_over_time",
    "rate",
    "bytes_rate",
    "avg_over_time",
    "max_over_time",
    "quantile_over_time",
}


def _quantile(values: Sequence[float], share: float) -> float:
    """Interpolate between the two nearest ranks, as PromQL does."""
    rank = share * (len(values) - 1)
    low = int(rank)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (rank - low)


def _aggregated(node: Node, streams: Sequence[Stream], now: int) -> Vector:
    operation, by = node.one("VectorOp").text, _grouping(node)
    if operation not in _AGGREGATIONS:
        raise NotLogQL(f"{operation} is not known here")
    groups: dict[Labels, list[float]] = {}
    for labels, value in _inner(node.one("MetricExpr"), streams, now, by if operation == "sum" else None).items():
        kept = tuple((name, content) for name, content in labels if name in by)
        groups.setdefault(kept, []).append(value)
    return {labels: _AGGREGATIONS[operation](values) for labels, values in groups.items()}


def _inner(node: Node, streams: Sequence[Stream], now: int, keep: frozenset[str] | None) -> Vector:
    """A sum of a range needs no other labels than its own: the series in between are never made."""
    span = node.first("RangeAggregationExpr")
    simple = span is not None and span.first("Grouping") is None and span.one("RangeOp").text in _ADDITIVE
    return _range(span, streams, now, keep) if span is not None and simple else vector(node, streams, now)


_ADDITIVE: Final = {"count_over_time", "bytes_over_time", "rate", "bytes_rate", "sum_over_time"}
_AGGREGATIONS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "sum": sum,
    "count": lambda values: float(len(values)),
    "avg": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
}


def _grouping(node: Node) -> frozenset[str]:
    """Return the labels of `by (…)`; without it all series are one group."""
    grouping = node.first("Grouping")
    if grouping is None:
        return frozenset()
    if grouping.first("By") is None:
        raise NotLogQL(f"{grouping.text}: only `by` is known here")
    return frozenset(_identifiers(grouping.children))


def _identifiers(nodes: Iterable[Node]) -> list[str]:
    return [
        name for node in nodes for name in ([node.text] if node.name == "Identifier" else _identifiers(node.children))
    ]


def _binary(node: Node, streams: Sequence[Stream], now: int) -> Vector:
    """Combine the series of equal labels; a number goes with every series."""
    operation = _ARITHMETIC[node.one(*_ARITHMETIC).name]
    left, right = (vector(side, streams, now) for side in node.all("Expr"))
    return {labels: operation(value, right[labels]) for labels, value in left.items() if labels in right}


_KINDS: Final[Mapping[str, Callable[[Node, Sequence[Stream], int], Vector]]] = {
    "RangeAggregationExpr": _range,
    "VectorAggregationExpr": _aggregated,
    "BinOpExpr": _binary,
}
