# SPDX-License-Identifier: Apache-2.0
"""Bound series measure what the instrument itself would, in every reader."""

import sys
import threading
import time

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, View
from opentelemetry.trace import SpanContext, TraceFlags

from otel_distro.metrics.families import Exemplar
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.series import bind

SPAN = SpanContext(0xAB, 0xCD, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
GET = {"http.request.method": "GET"}
LABELS = 'http_request_method="GET"'


@pytest.fixture
def reader():
    return PrometheusReader()


@pytest.fixture
def meter(reader):
    provider = MeterProvider([reader], shutdown_on_exit=False)
    yield provider.get_meter("test")
    provider.shutdown()


def point(reader, name, labels=LABELS):
    return reader.families(everything=True)[name].points[labels]


def test_a_bound_histogram_and_the_instrument_share_their_series(meter, reader):
    histogram = meter.create_histogram("latency", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1])
    bind(histogram, GET).record(0.05)
    histogram.record(0.5, GET)
    bind(histogram, dict(GET)).record(5)
    found = point(reader, "latency_seconds")
    assert (found.bounds, found.counts, found.sum) == ((0.1, 1.0), [1, 1, 1], 5.55)


def test_the_upper_bound_of_a_bucket_belongs_to_it(meter, reader):
    bound = bind(meter.create_histogram("latency", explicit_bucket_boundaries_advisory=[1, 2]), GET)
    bound.record(1)
    bound.record(2)
    assert point(reader, "latency").counts == [1, 1, 0]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_values_that_no_histogram_takes_are_ignored(meter, reader, value):
    bound = bind(meter.create_histogram("latency"), GET)
    bound.record(value)
    assert (sum(point(reader, "latency").counts), point(reader, "latency").sum) == (0, 0)


def test_counters_and_up_down_counters_add(meter, reader):
    counter, gauge = bind(meter.create_counter("orders"), GET), bind(meter.create_up_down_counter("open"), GET)
    counter.add(2)
    counter.add(0.5)
    gauge.add(3)
    gauge.add(-5)
    assert point(reader, "orders").value == 2.5
    assert point(reader, "open").value == -2


def test_the_latest_sampled_span_of_a_bucket_is_its_exemplar(meter, reader):
    bound = bind(meter.create_histogram("latency", explicit_bucket_boundaries_advisory=[1]), GET)
    bound.record(0.5, SPAN)
    bound.record(0.7)
    bound.record(3, SPAN)
    exemplars = point(reader, "latency").exemplars
    labels = f'trace_id="{0xAB:032x}",span_id="{0xCD:016x}"'
    assert {index: (found.labels, found.value) for index, found in exemplars.items()} == {
        0: (labels, 0.5),
        1: (labels, 3),
    }
    assert point(reader, "latency").exemplars == exemplars, "reading does not use them up"


def test_no_exemplars_where_the_filter_is_off(reader):
    provider = MeterProvider([reader], exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    bind(provider.get_meter("test").create_counter("orders"), GET).add(1, SPAN)
    assert point(reader, "orders").exemplar is None


def test_a_counter_keeps_its_exemplar(meter, reader):
    bind(meter.create_counter("orders"), GET).add(7, SPAN)
    exemplar = point(reader, "orders").exemplar
    assert isinstance(exemplar, Exemplar)
    assert exemplar.value == 7


def test_other_readers_get_every_measurement_too():
    ours, other = PrometheusReader(), InMemoryMetricReader()
    provider = MeterProvider([ours, other], shutdown_on_exit=False)
    bound = bind(provider.get_meter("test").create_histogram("latency"), GET)
    for _ in range(3):
        bound.record(7, SPAN)
    (metric,) = other.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    (seen,) = metric.data.data_points
    assert (seen.count, seen.sum, dict(seen.attributes)) == (3, 21, GET)
    assert {exemplar.trace_id for exemplar in seen.exemplars} == {SPAN.trace_id}
    assert sum(point(ours, "latency").counts) == 3


def test_a_reader_that_comes_later_gets_what_comes_after_it(meter, reader):
    provider = MeterProvider([reader2 := PrometheusReader()], shutdown_on_exit=False)
    bound = bind(provider.get_meter("test").create_counter("orders"), GET)
    bound.add(1)
    late = InMemoryMetricReader()
    provider.add_metric_reader(late)
    bound.add(10)
    (metric,) = late.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert metric.data.data_points[0].value == 10
    assert point(reader2, "orders").value == 11


def test_a_view_that_drops_is_obeyed(reader):
    views = [
        View(instrument_name="dropped", aggregation=DropAggregation()),
        View(instrument_name="kept", name="renamed"),
    ]
    meter = MeterProvider([reader], views=views, shutdown_on_exit=False).get_meter("test")
    bind(meter.create_counter("dropped"), GET).add(1)
    bind(meter.create_counter("kept"), GET).add(1)
    assert set(reader.families(everything=True)) == {"renamed"}


def test_a_view_s_attribute_filter_is_obeyed(reader):
    views = [View(instrument_name="*", attribute_keys={"http.request.method"})]
    meter = MeterProvider([reader], views=views, shutdown_on_exit=False).get_meter("test")
    counter = meter.create_counter("orders")
    bind(counter, {**GET, "user": "a"}).add(1)
    bind(counter, {**GET, "user": "b"}).add(1)
    assert point(reader, "orders").value == 2


def test_what_measures_nothing_can_be_bound():
    bind(NoOpMeterProvider().get_meter("test").create_histogram("latency"), GET).record(1, SPAN)
    bind(object(), GET).add(1)


def test_threads_lose_no_measurement(meter, reader):
    bound = bind(meter.create_histogram("latency"), GET)

    def measure():
        for _ in range(10_000):
            bound.record(1, SPAN)

    threads = [threading.Thread(target=measure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(point(reader, "latency").counts), point(reader, "latency").sum) == (40_000, 40_000)


def test_threads_that_take_turns_at_every_instruction_lose_no_measurement(meter, reader):
    """The lock is held: one thread is stopped between reading and writing the word, and another must not come between."""
    bound, between = bind(meter.create_histogram("latency"), GET), sys.getswitchinterval()
    bound.record(1, SPAN)
    words = bound._cell._words

    class Slow:
        def __getitem__(self, index):
            value = words[index]
            time.sleep(0.0001)  # lets another thread run between reading and writing
            return value

        def __setitem__(self, index, value):
            words[index] = value

    bound._cell._words = Slow()
    threads = [threading.Thread(target=lambda: [bound.record(1, SPAN) for _ in range(50)]) for _ in range(4)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(between)
        bound._cell._words = words
    assert (sum(point(reader, "latency").counts), point(reader, "latency").sum) == (201, 201)
