# SPDX-License-Identifier: Apache-2.0
"""Where the families of one process come from: the SDK, prometheus_client, the process itself."""

import asyncio
import gc
import os
import time
from math import inf
from pathlib import Path

import prometheus_client
import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from prometheus_client.core import HistogramMetricFamily, SummaryMetricFamily

from otel_distro import metrics
from otel_distro.metrics import heartbeat, legacy, process, registry, stats
from otel_distro.metrics.families import Distribution, Family, Number, merge
from otel_distro.metrics.presentation import Presentation
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.translate import families_of
from otel_distro.otlp.export import ExportStats
from otel_distro.settings.model import MetricSettings, ServiceSettings, Settings


@pytest.fixture
def registered():
    """Registers collectors of prometheus_client for the length of a test."""
    made = []
    yield lambda collector: made.append(collector) or collector
    for collector in made:
        prometheus_client.REGISTRY.unregister(collector)


def by_name(families):
    total = {}
    merge(total, families)
    return total


def test_what_the_library_counts_is_translated(registered):
    counter = registered(prometheus_client.Counter("items_created", "Items.", ["kind"]))
    counter.labels('a"b').inc(3, exemplar={"trace_id": "ab"})
    histogram = registered(prometheus_client.Histogram("llm_seconds", "LLM.", buckets=[1, 2]))
    for value in (0.5, 1, 1.5, 9):
        histogram.observe(value)
    registered(prometheus_client.Summary("bytes_sent", "Sent.")).observe(7)
    registered(prometheus_client.Info("build", "Build.")).info({"version": "1"})
    found = by_name(registry.Registry().families())
    created = found["items_created"].points[r'kind="a\"b"']
    assert (created.value, created.exemplar.labels) == (3, 'trace_id="ab"')
    assert created.created == pytest.approx(time.time(), abs=60)
    assert (found["llm_seconds"].points[""].bounds, found["llm_seconds"].points[""].counts) == ((1, 2), [2, 1, 1])
    assert (found["bytes_sent"].points[""].counts, found["bytes_sent"].points[""].sum) == ([1], 7)
    assert found["build"].points['version="1"'].value == 1


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        ("all", "worker"),
        ("liveall", "worker"),
        ("livesum", "sum"),
        ("max", "max"),
        ("min", "min"),
        ("mostrecent", "last"),
    ],
)
def test_a_gauge_s_multiprocess_mode_is_its_policy(registered, mode, policy):
    registered(prometheus_client.Gauge("rooms", "Rooms.", multiprocess_mode=mode)).set(3)
    assert by_name(registry.Registry().families())["rooms"].policy == policy


def test_a_gauge_with_a_function_is_asked(registered):
    registered(prometheus_client.Gauge("rooms", "Rooms.")).set_function(lambda: 42)
    assert by_name(registry.Registry().families())["rooms"].points[""].value == 42


class Custom:
    def collect(self):
        yield HistogramMetricFamily("custom_seconds", "H.", buckets=[("1.0", 2), ("+Inf", 5)], sum_value=9)
        summary = SummaryMetricFamily("custom_bytes", "S.", count_value=3, sum_value=4)
        summary.add_sample("custom_bytes", {"quantile": "0.5"}, 1)
        yield summary


def test_an_application_s_own_collector_is_read_through_its_samples(registered):
    prometheus_client.REGISTRY.register(registered(Custom()))
    found = by_name(registry.Registry().families())
    assert found["custom_seconds"].points[""] == Distribution((1.0,), [2, 3], 9)
    assert found["custom_bytes"].points[""] == Distribution((), [3], 4, quantiles=((0.5, 1),))


def test_the_library_s_process_metrics_give_way_to_ours():
    names = {family.name for family in registry.Registry().families()}
    assert not {name for name in names if name.startswith(("process_", "python_"))}


def test_the_process_is_described_as_the_library_does():
    ours = by_name(process.families())
    library = {
        metric.name for metric in prometheus_client.REGISTRY.collect() if metric.name.startswith(("process", "python"))
    }
    assert set(ours) == library
    assert ours["process_start_time_seconds"].points[""].value == pytest.approx(time.time(), abs=24 * 3600)
    assert ours["process_open_fds"].points[""].value == pytest.approx(len([*Path("/proc/self/fd").iterdir()]), abs=3)
    assert len(ours["python_gc_collections"].points) == len(gc.get_stats())
    counted = {
        sample.name.removesuffix("_total"): sample.value
        for metric in prometheus_client.REGISTRY.collect()
        for sample in metric.samples
        if metric.name.startswith("process")
    }
    ours = {name: family.points[""].value for name, family in by_name(process.families()).items() if name in counted}
    assert ours == pytest.approx(counted, rel=0.05, abs=3)
    used = os.times()
    assert used.user + used.system == pytest.approx(ours["process_cpu_seconds"], abs=2)
    assert ours["process_start_time_seconds"] == pytest.approx(counted["process_start_time_seconds"], abs=1)


def test_an_origin_that_raises_is_counted_and_the_others_are_served(caplog):
    local = metrics.install(Settings(), PrometheusReader())
    local.add("broken", lambda: 1 / 0)
    for _ in range(2):
        families = local.families()
    assert "process_cpu_seconds" in families
    assert families["otel_distro_faults"].points['kind="metrics of broken"'].value >= 1
    assert len([record for record in caplog.records if "metrics of broken" in record.getMessage()]) == 1


def test_the_resource_is_told_once_without_what_changes_with_every_process():
    service = ServiceSettings(
        name="shop", version="1.2", attributes={"service.instance.id": "x", "process.pid": "7", "team": "a"}
    )
    found = metrics.install(Settings(service=service), PrometheusReader()).families()["target"]
    (labels,) = found.points
    assert 'service_name="shop"' in labels
    assert 'team="a"' in labels
    assert "instance" not in labels
    assert "pid" not in labels


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ""),
        (
            {"scope_labels": True},
            'otel_scope_name="shop",otel_scope_region="eu",otel_scope_schema_url="https://s",otel_scope_version="1.0"',
        ),
        ({"resource_labels": ("service.*", "team")}, 'service_name="shop",team="a"'),
    ],
)
def test_scope_and_resource_are_labels_only_if_asked_for(asked, expected):
    reader, service = PrometheusReader(), ServiceSettings(name="shop", attributes={"team": "a", "process.pid": "7"})
    metrics.install(Settings(service=service, metrics=MetricSettings(**asked)), reader)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("shop", "1.0", schema_url="https://s", attributes={"region": "eu", "name": "hidden"})
    meter.create_counter("orders").add(1)
    meter.create_observable_gauge("rooms", [lambda _: [Observation(3)]])
    found = reader.families(everything=True)
    assert set(found["orders"].points) == set(found["rooms"].points) == {expected}


def test_a_label_of_a_point_wins_over_the_resource_s():
    reader = PrometheusReader()
    asked = Settings(service=ServiceSettings(name="shop"), metrics=MetricSettings(resource_labels=("*",)))
    metrics.install(asked, reader)
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("test")
    meter.create_counter("orders").add(1, {"service.name": "of the point"})
    (labels,) = reader.families(everything=True)["orders"].points
    assert labels.startswith('service_name="of the point",')


def test_a_prefix_begins_every_instrument_s_name_and_the_older_names_are_derived_all_the_same():
    reader = PrometheusReader()
    metrics.install(Settings(metrics=MetricSettings(prefix="acme")), reader)
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("test")
    meter.create_counter("orders").add(1)
    meter.create_observable_gauge("rooms", [lambda _: [Observation(3)]])
    meter.create_histogram("http.server.request.duration", unit="s").record(1, {"http.request.method": "GET"})
    found = reader.families(everything=True)
    assert set(found) == {"acme_orders", "acme_rooms", "acme_http_server_request_duration_seconds"}
    assert legacy.LegacyNames().add(found, "acme")["http_requests"].points.keys() == {
        'endpoint="unmatched",method="GET",status_code=""'
    }


def test_gauges_and_observables_of_the_api_appear():
    reader = PrometheusReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("test")
    meter.create_gauge("temperature", unit="Cel").set(21.5)
    meter.create_observable_counter("pages", [lambda _: [Observation(5, {"a": 1})]])
    meter.create_observable_up_down_counter("queue", [lambda _: [Observation(-2)]])
    found = reader.families(everything=True)
    kinds = {name: (family.kind, family.policy) for name, family in found.items()}
    assert kinds == {
        "temperature_celsius": ("gauge", "worker"),
        "pages": ("counter", "sum"),
        "queue": ("gauge", "sum"),
    }
    assert found["pages"].points['a="1"'].value == 5


VALUES = (0, 1e-9, 0.3, 1, 1.5, 3, 4, 1000, 1e300)


def test_an_exponential_histogram_is_served_with_powers_of_two_as_bounds():
    reader, views = PrometheusReader(), [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())]
    histogram = MeterProvider([reader], views=views, shutdown_on_exit=False).get_meter("t").create_histogram("sparse")
    for value in VALUES:
        histogram.record(value, {"kind": "a"})
    (point,) = reader.families(everything=True)["sparse"].points.values()
    assert counted(point) == {2.0**-16: 2, 0.5: 1, 1.0: 1, 2.0: 1, 4.0: 2, 1024.0: 1, inf: 1}
    assert point.sum == pytest.approx(sum(VALUES))


@pytest.mark.parametrize("max_scale", [20, 3, 0])
def test_the_sdk_s_exponential_points_are_translated_into_the_same_buckets(max_scale):
    reader = InMemoryMetricReader()
    views = [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation(max_scale=max_scale))]
    histogram = MeterProvider([reader], views=views, shutdown_on_exit=False).get_meter("t").create_histogram("sparse")
    for value in VALUES[:-1]:  # the last would stretch the scale below 0
        histogram.record(value)
    (family,) = families_of(reader.get_metrics_data(), Presentation())
    (point,) = family.points.values()
    assert counted(point) == {2.0**-16: 2, 0.5: 1, 1.0: 1, 2.0: 1, 4.0: 2, 1024.0: 1}


def counted(point):
    """Return the buckets that have counted something."""
    return {bound: count for bound, count in zip((*point.bounds, inf), point.counts, strict=True) if count}


def test_a_loop_that_stands_still_is_late():
    async def stand_still():
        heartbeat.watch(asyncio.get_running_loop())
        await asyncio.sleep(0)
        time.sleep(heartbeat.INTERVAL_SECONDS + 0.3)  # noqa: ASYNC251  # that is what it is about
        return heartbeat.lag_seconds()

    assert 0.2 < asyncio.run(stand_still()) < 5
    assert heartbeat.lag_seconds() is None, "a loop that has ended is not stuck"


def test_the_older_http_names_are_derived():
    total = {}
    labels = 'http_request_method="GET",http_response_status_code="{}",http_route="/a"'
    durations = Family(legacy.DURATION, "histogram", "", "seconds")
    durations.points[labels.format(200)] = Distribution((1.0,), [3, 1], 5)
    durations.points[labels.format(500)] = Distribution((1.0,), [0, 1], 2)
    durations.points['http_request_method="GET",http_response_status_code="404"'] = Distribution((1.0,), [1, 0], 0)
    active = Family(
        legacy.ACTIVE,
        "gauge",
        "",
        points={'http_request_method="GET"': Number(2), 'http_request_method="PUT"': Number(1)},
    )
    merge(total, [durations, active])
    legacy.LegacyNames().add(total)
    assert {key: point.value for key, point in total["http_requests"].points.items()} == {
        'endpoint="/a",method="GET",status_code="200"': 4,
        'endpoint="/a",method="GET",status_code="500"': 1,
        'endpoint="unmatched",method="GET",status_code="404"': 1,
    }
    assert total["http_request_duration_seconds"].points['endpoint="/a",method="GET"'] == Distribution(
        (1.0,), [3, 2], 7
    )
    assert total["http_requests_in_progress"].points[""].value == 3
    assert durations.points[labels.format(200)].counts == [3, 1]


def test_exporters_report_themselves_under_the_conventional_names():
    counts = ExportStats(submitted=20, exported=10, dropped=4, failed=3, queue_size=3, queue_capacity=2048)
    found = by_name(stats.families("traces", counts))
    values = {
        (name, "error_type" in labels): point.value
        for name, family in found.items()
        for labels, point in family.points.items()
    }
    assert values == {
        ("otel_sdk_processor_span_processed", False): 13,
        ("otel_sdk_processor_span_processed", True): 4,
        ("otel_sdk_processor_span_queue_size", False): 3,
        ("otel_sdk_processor_span_queue_capacity", False): 2048,
        ("otel_sdk_exporter_span_exported", False): 10,
        ("otel_sdk_exporter_span_exported", True): 3,
    }


def test_a_name_with_two_meanings_is_reported_once_and_shown_once(registered, caplog):
    reader = PrometheusReader()
    meters = MeterProvider([reader])
    meters.get_meter("api").create_counter("jobs_of_two_kinds").add(3)
    meters.get_meter("worker").create_up_down_counter("jobs_of_two_kinds").add(5)
    registered(prometheus_client.Gauge("bytes_of_two_kinds", "Bytes.")).set(7)
    meters.get_meter("api").create_counter("bytes_of_two_kinds").add(1)
    local = metrics.install(Settings(), reader)
    shown = [local.families() for _ in range(3)][-1]
    assert [values(shown[name]) for name in ("jobs_of_two_kinds", "bytes_of_two_kinds")] == [{"": 3}, {"": 1}]
    assert caplog.messages == [
        "metric jobs_of_two_kinds is both a counter and a gauge: the gauge is left out of /metrics, give it another name",
        "metric bytes_of_two_kinds is both a counter and a gauge: the gauge is left out of /metrics, give it another name",
    ]


def test_histograms_of_one_name_with_other_bounds_are_reported_once(caplog):
    reader = PrometheusReader()
    meters = MeterProvider([reader])
    for scope, bounds in (("api", [1.0]), ("worker", [2.0])):
        histogram = meters.get_meter(scope).create_histogram("wait_of_two", explicit_bucket_boundaries_advisory=bounds)
        histogram.record(0.5)
    local = metrics.install(Settings(), reader)
    shown = [local.families() for _ in range(3)][-1]
    assert shown["wait_of_two"].points[""].bounds == (1.0,)
    (message,) = caplog.messages
    assert message.startswith("metric wait_of_two is two histograms of different bounds: one of them is left out")


def values(family):
    return {labels: point.value for labels, point in family.points.items()}
