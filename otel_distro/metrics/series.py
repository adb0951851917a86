# SPDX-License-Identifier: Apache-2.0
"""Bound series: an instrument with one attribute set, so that a measurement need not be looked up.

`Histogram.record(value, attributes)` cleans, sorts and hashes the attributes each time (7-10 us); a bound series goes
straight to its aggregations, in every reader of the provider.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.context import Context, get_current
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context
from opentelemetry.util.types import AttributeValue

from otel_distro.metrics.cells import Cell
from otel_distro.metrics.limit import LimitedMatch
from otel_distro.upstream.metrics import matches, measuring_instrument, reader_storages, takes_exemplars


class _Measured(NamedTuple):
    """What an aggregation reads of a measurement: the SDK's own class would clean its attributes once more."""

    value: float
    time_unix_nano: int
    instrument: Any
    context: Context
    attributes: Mapping[str, AttributeValue]


class BoundSeries:
    """One attribute set of one instrument. Thread-safe."""

    __slots__ = ("_attributes", "_cell", "_current_readers", "_exemplars", "_instrument", "_others", "_readers")

    def __init__(self, instrument: Any, attributes: Mapping[str, AttributeValue]) -> None:
        self._instrument = instrument
        self._attributes = attributes
        self._current_readers = reader_storages(instrument)
        self._exemplars = takes_exemplars(instrument)
        self._find()

    def record(self, value: float, span_context: SpanContext | None = None) -> None:
        """Record a value in a histogram.

        Args:
            value: Not negative, in the instrument's unit; others are ignored.
            span_context: Of the sampled span that the value belongs to, for the exemplar.
        """
        if self._current_readers() is not self._readers:
            self._find()
        if self._cell is not None:
            self._cell.record(value, span_context if self._exemplars else None)
        if self._others:
            self._measure(value, span_context)

    add = record

    def _find(self) -> None:
        """Find the aggregation of the attributes in each reader: our reader's cell, and the others'."""
        self._readers = self._current_readers()
        self._cell: Cell | None = None
        self._others: list[Any] = []
        for match in matches(self._instrument, self._readers):
            bindable = isinstance(match, LimitedMatch) and not match.starts_anew
            found = match.aggregation_for(self._attributes) if bindable else match
            if isinstance(found, Cell) and self._cell is None:
                self._cell = found
            else:
                self._others.append(getattr(found, "aggregate", None) or found.consume_measurement)

    def _measure(self, value: float, span_context: SpanContext | None) -> None:
        sampled = span_context is not None and self._exemplars
        context = set_span_in_context(NonRecordingSpan(span_context)) if span_context and sampled else get_current()
        measured = _Measured(value, time.time_ns(), self._instrument, context, self._attributes)
        for aggregate in self._others:
            aggregate(measured, sampled)


class UnboundSeries:
    """A series of an instrument that measures nothing: no provider, or switched off."""

    __slots__ = ()

    def record(self, value: float, span_context: SpanContext | None = None) -> None:
        """Do nothing."""

    add = record


_UNBOUND = UnboundSeries()


def bind(instrument: Any, attributes: Mapping[str, AttributeValue]) -> BoundSeries | UnboundSeries:
    """Bind an instrument to an attribute set.

    Args:
        instrument: What a meter created: a histogram, a counter or an up-down counter, of whatever provider.
        attributes: Clean attributes of bounded cardinality; never changed afterwards.
    """
    measuring = measuring_instrument(instrument)
    return _UNBOUND if measuring is None else BoundSeries(measuring, attributes)
