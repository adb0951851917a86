# SPDX-License-Identifier: Apache-2.0
"""Whatever an application exposes, /metrics is a page that Prometheus takes, and the library's own page for one process."""

import math
from functools import partial

import prometheus_client
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    StateSetMetricFamily,
    SummaryMetricFamily,
    UnknownMetricFamily,
)
from prometheus_client.openmetrics.exposition import generate_latest as library_open_metrics
from support.pages import (
    LABEL_SETS,
    NUMBERS,
    TEXTS,
    Collector,
    assert_taken,
    metrics,
    of_workers,
    parse_open_metrics,
    parse_text,
    samples,
)

from otel_distro.metrics.exposition import OPEN_METRICS, TEXT, render
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.registry import Registry


def families_of(registry):
    return list(Registry(lambda: registry).families())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(metrics(), max_size=4), max_size=3), st.sampled_from([None, ValueError("x"), OSError()]))
def test_any_collectors_make_a_page_of_one_process_and_of_three(collected, error):
    registry = CollectorRegistry()
    for yielded in collected:
        registry.register(Collector(yielded, error))
    families = families_of(registry)
    assert_taken(families)
    assert_taken(of_workers(families, 3))


KINDS = {
    "counter": prometheus_client.Counter,
    "gauge": prometheus_client.Gauge,
    "histogram": prometheus_client.Histogram,
    "summary": prometheus_client.Summary,
    "info": prometheus_client.Info,
    "enum": prometheus_client.Enum,
}
OWN_NAMES = ("orders", "größe", "a.b", "jobs_total", "rooms_bucket", "x:y", "lat_seconds")
OWN_LABELS = ("kind", "a.b", "worker", "é", "x_z", "quantiles")
AMOUNTS = st.floats(min_value=0, max_value=1e300) | st.integers(0, 2**70)


@st.composite
def registries(draw):
    """Return a registry of the library's own metrics: what it allows, the strangest of it."""
    registry = CollectorRegistry()
    for name in draw(st.lists(st.sampled_from(OWN_NAMES), unique=True, min_size=1, max_size=4)):
        kind = draw(st.sampled_from(sorted(KINDS)))
        labels = draw(st.lists(st.sampled_from([item for item in OWN_LABELS if item != name]), unique=True, max_size=2))
        more = {"states": ["up", "down", ""]} if kind == "enum" else {}
        metric = KINDS[kind](name, draw(TEXTS), labels, registry=registry, **more)
        for _ in range(draw(st.integers(1, 3))):
            _measure(draw, kind, metric.labels(*[draw(TEXTS) for _ in labels]) if labels else metric)
    return registry


def _measure(draw, kind, child):
    if kind == "counter":
        child.inc(draw(AMOUNTS), {"trace_id": "ab"} if draw(st.booleans()) else None)
    elif kind == "gauge":
        child.set(draw(st.floats()))
    elif kind in ("histogram", "summary"):
        child.observe(draw(st.floats()))
    elif kind == "info":
        child.info(draw(st.dictionaries(st.sampled_from(["version", "release.x"]), TEXTS.filter(bool), max_size=2)))
    else:
        child.state(draw(st.sampled_from(["up", "down"])))


def encodable(registry):
    """Return whether the library can write the registry at all: it cannot encode lone surrogates."""
    try:
        prometheus_client.generate_latest(registry)
    except UnicodeEncodeError:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(registries().filter(encodable))
def test_the_page_of_one_process_is_the_library_s_own(registry):
    families = families_of(registry)
    own = prometheus_client.generate_latest(registry).decode()
    assert samples(render(families, TEXT).decode(), parse_text) == samples(own, parse_text)
    assert_taken(families)
    assert_taken(of_workers(families, 3))


def well_formed():
    """Return one family of each class that the library has for collectors."""
    counter = CounterMetricFamily("shipped", "S.", labels=["to"], created=5.0)
    counter.add_metric(["a"], 3, created=7.5)
    gauge = GaugeMetricFamily("depth", "D.", labels=["of"])
    gauge.add_metric(["a"], math.inf, timestamp=1700000000.5)
    histogram = HistogramMetricFamily("took_seconds", "T.", unit="seconds", labels=["by"])
    histogram.add_metric(["a"], [("0.5", 2), ("+Inf", 5)], 9.0)
    without_sum = HistogramMetricFamily("fell", "F.", buckets=[("-1.0", 2), ("+Inf", 5)], sum_value=None)
    spread = GaugeHistogramMetricFamily("ages", "A.", buckets=[("1.0", 2), ("+Inf", 4)], gsum_value=12.0)
    summary = SummaryMetricFamily("sizes", "S.", count_value=4, sum_value=10)
    summary.add_sample("sizes", {"quantile": "0.5"}, 3.0)
    info = InfoMetricFamily("build", "B.", value={"version": "1.2"})
    states = StateSetMetricFamily("phase", "P.", value={"up": True, "down": False})
    unknown = UnknownMetricFamily("whatever", "W.", value=-3)
    return [counter, gauge, histogram, without_sum, spread, summary, info, states, unknown]


@pytest.mark.parametrize("metric", well_formed(), ids=lambda metric: metric.name)
def test_a_collector_s_page_of_one_process_is_the_library_s_own(metric):
    registry = CollectorRegistry()
    registry.register(Collector([metric]))
    text, open_metrics = assert_taken(families_of(registry))
    own = prometheus_client.generate_latest(registry).decode()
    assert samples(text, parse_text) == samples(own, parse_text) != set()
    own = library_open_metrics(registry).decode()
    assert samples(open_metrics, parse_open_metrics) == samples(own, parse_open_metrics) != set()
    assert {item.name: item.type for item in parse_open_metrics(open_metrics)} == {metric.name: metric.type}


INSTRUMENTS = st.sampled_from(["counter", "up_down_counter", "histogram", "gauge"])
OBSERVABLES = st.sampled_from(["observable_counter", "observable_up_down_counter", "observable_gauge"])
API_NAMES = st.sampled_from(
    ["orders", "orders.total", "orders_total", "a.b", "a_b", "a-b", "x_bucket", "x", "x.count", "A"]
)
UNITS = st.sampled_from(["", "s", "1", "By/s", "{order}", "%", "weird unit"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(INSTRUMENTS | OBSERVABLES, API_NAMES, UNITS, TEXTS), max_size=6),
    st.lists(st.tuples(LABEL_SETS, NUMBERS), min_size=1, max_size=3),
)
def test_any_instruments_make_a_page(instruments, measured):
    reader = PrometheusReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    for number, (kind, name, unit, text) in enumerate(instruments):
        meter = provider.get_meter(f"m{number % 2}")
        _use(partial(getattr(meter, f"create_{kind}"), name, unit=unit, description=text), kind, measured)
    families = list(reader.families(everything=True).values())
    assert_taken(families)
    assert_taken(of_workers(families, 2))


def _use(create, kind, measured):
    if kind.startswith("observable"):
        create(callbacks=[lambda _: [Observation(value, labels) for labels, value in measured]])
        return
    instrument = create()
    measure = {"histogram": "record", "gauge": "set"}.get(kind, "add")
    for labels, value in measured:
        try:
            getattr(instrument, measure)(value, labels)
        except OverflowError:  # the SDK's own: `math.isfinite` of an integer that no float can hold
            assert abs(value) > 10**300


def test_a_native_histogram_and_a_family_that_comes_twice_spoil_nothing(caplog):
    class Own:
        def collect(self):
            yield GaugeMetricFamily("depth_twice", "D.", value=1)
            yield GaugeMetricFamily("depth_twice", "D.", value=2)
            raise RuntimeError

    registry = CollectorRegistry()
    registry.register(Own())
    prometheus_client.Counter("beside", "B.", registry=registry).inc(7)
    text, _ = assert_taken(families_of(registry))
    assert ("beside_total", (), "7.0", None) in samples(text, parse_text)
    assert ("depth_twice", (), "1.0", None) not in samples(
        text, parse_text
    )  # a collector that raises is left out whole
    assert [message for message in caplog.messages if "metrics of Own" in message]


def test_info_and_states_stay_what_they_are_over_workers():
    registry = CollectorRegistry()
    prometheus_client.Info("build", "B.", registry=registry).info({"version": "1.2"})
    prometheus_client.Enum("phase", "P.", states=["up", "down"], registry=registry).state("up")
    _, page = assert_taken(of_workers(families_of(registry), 3))
    found = samples(page, parse_open_metrics)
    assert ("build_info", (("version", "1.2"),), "1.0", None) in found
    assert sum(value == "1.0" for name, _, value, _ in found if name == "phase") == 3
    assert OPEN_METRICS.open_metrics


def test_an_exemplar_that_parsers_stumble_over_is_left_out_and_its_sample_stays():
    registry = CollectorRegistry()
    histogram = prometheus_client.Histogram("jobs", "", registry=registry, buckets=[1.0])
    histogram.observe(0.5, {"a": '"'})
    histogram.observe(2.0, {"a": "b"})
    families = families_of(registry)
    assert_taken(families)
    page = render(families, OPEN_METRICS)
    page = page.decode() if isinstance(page, bytes) else page
    assert page.count(" # {") == 1
    assert 'jobs_bucket{le="1.0"} 1' in page
