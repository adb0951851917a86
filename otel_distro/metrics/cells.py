# SPDX-License-Identifier: Apache-2.0
"""Aggregations of synchronous instruments whose numbers live in a segment.

They take the place of the SDK's in our reader only (see `limit.py`). `collect` returns nothing: our reader finds the
numbers in the segment, like the owner of the admin port does, so upstream's collection leaves them out.
"""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import Any, NamedTuple, cast

from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.trace import SpanContext, get_current_span

from otel_distro.metrics import left_out
from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Point, Policy
from otel_distro.metrics.labels import checked_labels, checked_name
from otel_distro.metrics.segment import MAX_RECORDS, Record, Segment
from otel_distro.upstream.metrics import Measurement

_KINDS = frozenset({"counter", "gauge", "histogram"})


class Series(NamedTuple):
    """What a series is, apart from its numbers: what a record's descriptor says."""

    name: str
    kind: Kind
    help: str
    unit: str
    policy: Policy
    labels: str
    bounds: tuple[float, ...] = ()

    def family(self, points: dict[str, Point]) -> Family:
        """Return a family of such series."""
        return Family(self.name, self.kind, self.help, self.unit, self.policy, points)


def describe(series: Series) -> bytes:
    """Write a series as a record's descriptor."""
    return json.dumps(series).encode()


def parse(record: Record) -> Series:
    """Read a record's descriptor.

    Raises:
        ValueError: it is not one of ours.
    """
    try:
        series = Series(*json.loads(record.descriptor))
        series = series._replace(
            name=checked_name(series.name),
            help=str(series.help),
            unit=str(series.unit),
            labels=checked_labels(series.labels),
            bounds=tuple(map(float, series.bounds)),
        )
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError("not a descriptor") from error
    if series.kind not in _KINDS or series.policy != "sum":
        raise ValueError("not a series of ours")
    if record.stop - record.first != values_of(series):
        raise ValueError("a record of the wrong size")
    return series


def values_of(series: Series) -> int:
    """Return how many values a series has: a histogram's buckets and its sum, or one number."""
    return len(series.bounds) + 2 if series.kind == "histogram" else 1


def read_point(series: Series, words: memoryview[float], first: int) -> Point:
    """Read a series' numbers."""
    if series.kind == "histogram":
        numbers = cast("list[float]", words[first : first + len(series.bounds) + 2].tolist())
        return Distribution(series.bounds, numbers[:-1], numbers[-1])
    return Number(words[first])


# A measurement in a span, as quickly as it can be noted: value, seconds since the epoch, the span's context.
_Noted = tuple[float, float, SpanContext]


def _written(noted: _Noted) -> Exemplar:
    value, timestamp, context = noted
    labels = f'trace_id="{context.trace_id:032x}",span_id="{context.span_id:016x}"'
    return Exemplar(labels, value, timestamp)


class Cell(ABC):
    """One series: a place in a segment, a lock, the latest exemplars."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.descriptor = describe(series)
        self._lock = Lock()
        self._exemplars: dict[int, _Noted | Exemplar] = {}

    def settle(self, words: memoryview[float], first: int) -> None:
        """Move to a place, with a fresh lock: at the start, and in a forked child, where the numbers begin at zero."""
        self._lock = Lock()
        self._exemplars = {}
        self._words = words
        self._first = first

    def aggregate(self, measurement: Measurement, should_sample_exemplar: bool = True) -> None:
        """Take a measurement from the SDK."""
        context = None
        if should_sample_exemplar:
            found = get_current_span(measurement.context).get_span_context()
            context = found if found.is_valid else None
        self.record(measurement.value, context)

    @abstractmethod
    def record(self, value: float, span_context: SpanContext | None = None) -> None:
        """Take a measurement; the span context becomes an exemplar."""

    def record_as_float(self, value: Any, span_context: SpanContext | None = None) -> None:
        """Take a Decimal, a Fraction; what no float can hold is left out, and the application does not hear of it."""
        try:
            number = float(value)
        except (TypeError, OverflowError) as error:
            left_out.report(self.series.name, f"was given a number that is left out of /metrics: {error}")
        else:
            self.record(number, span_context)

    def collect(self, temporality: AggregationTemporality, start_nanos: int) -> None:  # noqa: B027 - nothing, on purpose
        """Give the SDK nothing: whoever reads the segment has the numbers."""

    def exemplars(self) -> dict[int, Exemplar]:
        """Return the latest exemplar of each bucket, written once."""
        found = {}
        for index, item in list(self._exemplars.items()):
            found[index] = item if isinstance(item, Exemplar) else _written(item)
            if self._exemplars.get(index) is item:
                self._exemplars[index] = found[index]
        return found


class SumCell(Cell):
    """A counter or an up-down counter."""

    def record(self, value: float, span_context: SpanContext | None = None) -> None:
        """Add to the sum."""
        try:
            with self._lock:
                self._words[self._first] += value
        except (TypeError, OverflowError):
            self.record_as_float(value)
        if span_context is not None and self.series.kind == "counter":
            self._exemplars[0] = value, time.time(), span_context


class HistogramCell(Cell):
    """A histogram with explicit bounds: a word per bucket, then the sum."""

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        self._bounds = series.bounds
        self._sum_after = len(series.bounds) + 1

    def record(self, value: float, span_context: SpanContext | None = None) -> None:
        """Count the value in its bucket; the SDK has ruled out what is negative or not finite, bound series do here."""
        if not 0.0 <= value < math.inf:
            return
        index, first, words = bisect_left(self._bounds, value), self._first, self._words
        try:
            with self._lock:
                words[first + self._sum_after] += value
                words[first + index] += 1.0
        except (TypeError, OverflowError):
            self.record_as_float(value, span_context)
            return
        if span_context is not None:
            self._exemplars[index] = value, time.time(), span_context


class Store:
    """All cells of this process, in one segment as long as that has room, then in private ones."""

    def __init__(self) -> None:
        self.segment = Segment.private()
        self._extra: list[Segment] = []
        self._cells: list[Cell] = []
        self._lock = Lock()

    def cell(self, series: Series) -> Cell:
        """Make the cell of a series."""
        cell = HistogramCell(series) if series.kind == "histogram" else SumCell(series)
        with self._lock:
            self._settle(cell)
            self._cells.append(cell)
        return cell

    def move(self, segment: Segment) -> None:
        """Begin at zero in another segment: in a forked child, and when a worker has found the owner."""
        self._lock = Lock()
        left = (self.segment, *self._extra)
        self.segment, self._extra = segment, []
        for cell in self._cells:
            self._settle(cell)
        for old in left:
            old.close()

    def _settle(self, cell: Cell) -> None:
        descriptor, values = cell.descriptor, values_of(cell.series)
        for segment in (self.segment, *self._extra[-1:]):
            first = segment.allocate(descriptor, values)
            if first is not None:
                return cell.settle(segment.words, first)
        self._extra.append(Segment.private())
        return self._settle(cell)

    def private(self) -> list[Segment]:
        """Return the segments that nobody else can read."""
        return self._extra if self.segment.fd is not None else [self.segment, *self._extra]

    def exemplars(self) -> Iterator[Family]:
        """Yield the exemplars on points of zero, for `merge` to add to what the segment says."""
        for cell in list(self._cells):
            found = cell.exemplars()
            if found:
                yield cell.series.family({cell.series.labels: _bearer(cell.series, found)})


def _bearer(series: Series, exemplars: dict[int, Exemplar]) -> Point:
    if series.kind == "histogram":
        return Distribution(series.bounds, [0.0] * (len(series.bounds) + 1), 0.0, None, exemplars)
    return Number(0.0, None, exemplars[0])


class SegmentReader:
    """Reads a segment, this process's or a worker's: new records once, numbers each time."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._position = 0
        self._records = 0
        self._plan: list[tuple[Series, dict[str, int]]] = []
        self._latest: dict[tuple[Any, ...], dict[str, int]] = {}

    def families(self) -> list[Family]:
        """Return every series with its numbers.

        Raises:
            ValueError: the segment is broken.
        """
        for record, after in self.segment.records(self._position):
            self._records += 1
            if self._records > MAX_RECORDS:
                raise ValueError("more records than we ever write")
            self._place(parse(record), record.first)
            self._position = after
        words = self.segment.words
        return [
            series.family({labels: read_point(series, words, first) for labels, first in places.items()})
            for series, places in self._plan
        ]

    def _place(self, series: Series, first: int) -> None:
        # The same instrument of two scopes has the same labels twice: then it is two families, which `merge` adds up.
        what = (*series[:-2], series.bounds)
        places = self._latest.get(what)
        if places is None or series.labels in places:
            places = self._latest[what] = {}
            self._plan.append((series, places))
        places[series.labels] = first
