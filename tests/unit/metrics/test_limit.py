# SPDX-License-Identifier: Apache-2.0
"""No instrument of the process has more attribute sets than the limit, and no total is lost by it."""

from threading import Thread

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

from otel_distro.metrics.limit import LimitedMatch
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.series import bind

LIMIT = 10
OVERFLOW = 'otel_metric_overflow="true"'


@pytest.fixture(autouse=True)
def limit(process_state):
    LimitedMatch.limit = LIMIT


@pytest.fixture
def readers():
    return PrometheusReader(), InMemoryMetricReader()


@pytest.fixture
def meter(readers):
    provider = MeterProvider(readers, shutdown_on_exit=False)
    yield provider.get_meter("test")
    provider.shutdown()


def users(count):
    return [{"user": str(number)} for number in range(count)]


def test_what_is_over_the_limit_is_counted_together(meter, readers, caplog):
    counter = meter.create_counter("orders")
    for attributes in users(100):
        counter.add(1, attributes)
    points = readers[0].families(everything=True)["orders"].points
    assert len(points) == LIMIT + 1
    assert points[OVERFLOW].value == 90
    assert sum(point.value for point in points.values()) == 100
    (metric,) = readers[1].get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert len(metric.data.data_points) == LIMIT + 1
    assert sum(point.value for point in metric.data.data_points) == 100
    assert len([record for record in caplog.records if "orders has reached 10" in record.getMessage()]) == 1


def test_bound_series_obey_the_limit(meter, readers):
    histogram = meter.create_histogram("latency")
    for attributes in users(100):
        bind(histogram, attributes).record(1)
    points = readers[0].families(everything=True)["latency"].points
    assert len(points) == LIMIT + 1
    assert sum(points[OVERFLOW].counts) == 90


def test_observables_obey_the_limit(meter, readers):
    observed = [Observation(1, attributes) for attributes in users(100)]
    meter.create_observable_counter("pages", [lambda _: observed])
    for _ in range(2):
        points = readers[0].families(everything=True)["pages"].points
        assert len(points) == LIMIT + 1
        assert sum(point.value for point in points.values()) == 100


def test_known_sets_go_on_when_the_limit_is_reached(meter, readers):
    counter = meter.create_counter("orders")
    for attributes in users(100):
        counter.add(1, attributes)
    counter.add(5, {"user": "0"})
    assert readers[0].families(everything=True)["orders"].points['user="0"'].value == 6


@pytest.fixture
def delta():
    """A reader that starts anew at each collection: since SDK 1.45.2 it throws the aggregations away."""
    reader = InMemoryMetricReader({Counter: AggregationTemporality.DELTA})
    provider = MeterProvider([reader], shutdown_on_exit=False)
    yield provider.get_meter("test"), lambda: collected(reader)
    provider.shutdown()


def collected(reader):
    """Return the sum of all points of one collection."""
    data = reader.get_metrics_data()
    resources = data.resource_metrics if data else ()
    scopes = [scope for resource in resources for scope in resource.scope_metrics]
    return sum(point.value for scope in scopes for metric in scope.metrics for point in metric.data.data_points)


def test_a_bound_series_goes_on_after_each_collection_of_a_delta_reader(delta):
    meter, collect = delta
    series = bind(meter.create_counter("orders"), {"user": "0"})
    for number in (1, 2, 3):
        series.add(number)
        assert collect() == number


def test_no_measurement_falls_between_two_collections_of_a_delta_reader(delta):
    meter, collect = delta
    counter = meter.create_counter("orders")

    def measure():
        for number in range(5000):
            counter.add(1, {"user": str(number % 20)})

    threads = [Thread(target=measure) for _ in range(3)]
    for thread in threads:
        thread.start()
    total = 0
    while any(thread.is_alive() for thread in threads):
        total += collect()
    assert total + collect() == 15_000
