# SPDX-License-Identifier: Apache-2.0
"""The SDK's metrics internals, under clear names: for the rooms that measure.

Versions tested: the oldest and the newest of pyproject.toml.
"""

# touching private names is what this file is for
# The SDK re-exports these without saying so.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import attrgetter
from threading import Lock
from typing import Any

from opentelemetry.metrics import CallbackOptions
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, Counter, Histogram, UpDownCounter
from opentelemetry.sdk.metrics._internal import metric_reader_storage
from opentelemetry.sdk.metrics._internal._view_instrument_match import _ViewInstrumentMatch
from opentelemetry.sdk.metrics._internal.aggregation import (
    DefaultAggregation,
    _ExplicitBucketHistogramAggregation,
    _ExponentialBucketHistogramAggregation,
    _SumAggregation,
)
from opentelemetry.sdk.metrics._internal.measurement import Measurement
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData
from opentelemetry.semconv._incubating.attributes.otel_attributes import OtelComponentTypeValues

__all__ = [
    "PROMETHEUS_READER",
    "InstrumentMatch",
    "Measurement",
    "hash_attributes",
    "measuring_instrument",
    "reader_storages",
]

PROMETHEUS_READER = OtelComponentTypeValues.PROMETHEUS_HTTP_TEXT_METRIC_EXPORTER

try:
    from opentelemetry.sdk.metrics._internal._view_instrument_match import _hash_attributes as hash_attributes
except ImportError:  # before SDK 1.45: the key of a set of attributes is nobody's but its aggregations'

    def hash_attributes(value: Any) -> Any:  # type: ignore[misc]  # as above
        """Return a key that tells 1 from True, and takes lists and mappings."""
        if isinstance(value, Mapping):
            return frozenset((key, hash_attributes(content)) for key, content in value.items())
        if isinstance(value, (list, tuple)):
            return tuple(map(hash_attributes, value))
        return type(value), value


_SDK_LIMIT = 2000  # its own, where nobody states one


class InstrumentMatch(_ViewInstrumentMatch):
    """The SDK's aggregations of one instrument under one view in one reader, with names that a subclass may use."""

    @property
    def aggregations(self) -> dict[Any, Any]:
        """The aggregations by hashed attributes; change them under `lock`."""
        return self._attributes_aggregation

    @property
    def lock(self) -> Lock:
        """The lock that collection holds too."""
        return self._lock

    @property
    def own_limit(self) -> int | None:
        """The limit of attribute sets that the view or the reader states; None if neither does (or before SDK 1.45.2)."""
        limit: int | None = getattr(self, "_cardinality_limit", None)
        return None if limit == _SDK_LIMIT else limit

    @property
    def starts_anew(self) -> bool:
        """Whether each collection throws the aggregations away: delta readers since SDK 1.45.2."""
        return bool(getattr(self, "_reset_on_collect", False))

    @property
    def reader_aggregations(self) -> dict[type, Any]:
        """The reader's own mapping of aggregations by instrument class."""
        return self._instrument_class_aggregation

    @property
    def name(self) -> str:
        """The view's name for the metric, or the instrument's."""
        return self._name

    @property
    def description(self) -> str:
        """The view's description, or the instrument's."""
        return self._description or ""

    @property
    def instrument(self) -> Any:
        """The instrument."""
        return self._instrument

    @property
    def is_synchronous(self) -> bool:
        """Whether measurements are made as they happen."""
        return isinstance(self._instrument, (Counter, UpDownCounter, Histogram))

    @property
    def is_sum(self) -> bool:
        """Whether the view adds up."""
        return isinstance(self._aggregation, _SumAggregation)

    @property
    def is_monotonic(self) -> bool:
        """Whether that sum only grows."""
        return self.is_sum and bool(self._aggregation._instrument_is_monotonic)

    @property
    def bounds(self) -> tuple[float, ...] | None:
        """The bounds of the view's histogram; None if it makes none with explicit bounds."""
        model = self._aggregation
        return tuple(model._boundaries) if isinstance(model, _ExplicitBucketHistogramAggregation) else None

    @property
    def is_exponential(self) -> bool:
        """Whether the view makes a base-2 exponential histogram."""
        return isinstance(self._aggregation, _ExponentialBucketHistogramAggregation)

    def filtered(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return a copy of the attributes that the view keeps."""
        keys = self._view._attribute_keys
        return {key: value for key, value in (attributes or {}).items() if keys is None or key in keys}

    def sdk_aggregation(self, attributes: Mapping[str, Any]) -> Any:
        """Make the aggregation that the SDK would."""
        wanted = self._view._aggregation
        if isinstance(wanted, DefaultAggregation):
            wanted = self._instrument_class_aggregation[type(self._instrument)]
        begun = getattr(self, "_previous_collection_start_nanos", None) or time.time_ns()
        return wanted._create_aggregation(self._instrument, attributes, self._view._exemplar_reservoir_factory, begun)


def match_class() -> tuple[Any, str]:
    """Return where every reader's storage finds the class that it builds from now on."""
    return metric_reader_storage, "_ViewInstrumentMatch"


def set_reader_aggregations(reader: MetricReader, aggregations: dict[type, Any]) -> None:
    """Give a reader that is not yet registered its mapping of aggregations."""
    reader._instrument_class_aggregation = aggregations  # type: ignore[assignment]  # a mapping of any aggregation will do


def reader_aggregations(reader: MetricReader) -> dict[type, Any]:
    """Return a reader's mapping of aggregations by instrument class."""
    found: Any = reader._instrument_class_aggregation
    aggregations: dict[type, Any] = found
    return aggregations


def measuring_instrument(instrument: Any) -> Any | None:
    """Return the SDK's synchronous instrument behind a proxy; None if it measures nothing."""
    instrument = getattr(instrument, "_real_instrument", instrument)
    if isinstance(instrument, (Counter, UpDownCounter, Histogram)) and instrument._is_enabled():
        return instrument
    return None


def reader_storages(instrument: Any) -> Callable[[], Mapping[MetricReader, Any]]:
    """Return what returns the storages by reader: another mapping, never a changed one, when a reader comes or goes."""
    return partial(attrgetter("_reader_storages"), instrument._measurement_consumer)


def matches(instrument: Any, storages: Mapping[MetricReader, Any]) -> Iterator[Any]:
    """Yield the matches of an instrument in all readers."""
    for storage in storages.values():
        yield from storage._get_or_init_view_instrument_match(instrument)


def takes_exemplars(instrument: Any) -> bool:
    """Whether the provider's filter lets exemplars through."""
    return not isinstance(instrument._measurement_consumer._sdk_config.exemplar_filter, AlwaysOffExemplarFilter)


def collect(reader: MetricReader, ask: Callable[[list[Any]], list[Iterable[Measurement]]]) -> MetricsData | None:
    """Collect as `MetricReader.collect` does, with the observable instruments asked by somebody who knows a time limit.

    The SDK calls them one after the other, however long that takes, and holds a lock meanwhile that every reader and
    every new instrument needs.
    """
    consumer = getattr(reader._collect, "__self__", None)
    if consumer is None:  # not registered yet
        return None
    begun = time.perf_counter()
    measured = ask(list(consumer._async_instruments))
    storage, takes_exemplar = consumer._reader_storages[reader], consumer._sdk_config.exemplar_filter.should_sample
    for item in itertools.chain.from_iterable(measured):
        sampled = takes_exemplar(item.value, item.time_unix_nano, item.attributes, item.context)
        storage.consume_measurement(item, sampled)
    data: MetricsData | None = storage.collect()
    if (own := getattr(reader, "_metrics", None)) is not None:  # an SDK of before 1.40 does not measure itself
        own.record_collection(time.perf_counter() - begun)
    return data


def measurements(instrument: Any) -> list[Measurement]:
    """Call the callbacks of an observable instrument."""
    return list(instrument.callback(CallbackOptions()))


def renew_locks(reader: MetricReader) -> None:
    """Replace the locks of a reader's provider that another thread may have held when this process was forked."""
    consumer = getattr(reader._collect, "__self__", None)
    if consumer is None:  # not registered yet
        return
    consumer._lock = Lock()
    for storage in consumer._reader_storages.values():
        storage._lock = type(storage._lock)()
        for match in _all(storage._instrument_view_instrument_matches.values()):
            match._lock = Lock()
            for aggregation in match._attributes_aggregation.values():
                aggregation._lock = Lock()


def _all(lists: Iterable[list[Any]]) -> Iterator[Any]:
    for items in lists:
        yield from items
