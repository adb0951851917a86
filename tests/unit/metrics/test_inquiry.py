# SPDX-License-Identifier: Apache-2.0
"""Code of the application that a scrape asks: what blocks is left out, and neither the others nor the scrape wait."""

import threading
import time

import prometheus_client
import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from testbed.waiting import wait_until

from otel_distro.metrics import left_out
from otel_distro.metrics.inquiry import Inquiry, Question
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.registry import Registry

PATIENCE_SECONDS = 5.0  # for a machine under load, and far below how long anything here blocks


@pytest.fixture
def blocked():
    """Blocks whoever waits for it, until the test is over."""
    event = threading.Event()
    yield event
    event.set()
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "otel-distro-asking"])


def ask(inquiry, *calls):
    begun = time.monotonic()
    answers = inquiry.ask([Question(key, f"metric_{key}", call) for key, call in enumerate(calls)])
    assert time.monotonic() - begun < PATIENCE_SECONDS
    return answers


def test_answers_come_in_order_from_one_thread():
    threads = []

    def call(answer):
        threads.append(threading.current_thread().name)
        return answer

    assert ask(Inquiry(), lambda: call(1), lambda: call(2)) == [1, 2]
    assert threads == ["otel-distro-asking"] * 2


def test_what_raises_is_counted_and_left_out():
    assert ask(Inquiry(), lambda: 1 / 0, lambda: 2) == [None, 2]


def test_those_after_one_that_blocks_are_asked_all_the_same(blocked, caplog):
    inquiry = Inquiry()
    calls = lambda: blocked.wait(60), lambda: 2, lambda: blocked.wait(60), lambda: 4
    for _ in range(3):
        assert ask(inquiry, *calls) == [None, 2, None, 4]
    said = [message for message in caplog.messages if "has not answered within 0.25 s" in message]
    assert len(said) == len({message.split(" is asked")[0] for message in said})
    assert left_out.counts["metric_0"] >= 3


def test_an_answer_that_comes_late_is_served_once_it_is_there(blocked):
    inquiry, asked = Inquiry(), []

    def slow():
        asked.append(len(asked))
        blocked.wait(60)
        return "late"

    assert ask(inquiry, slow) == [None]
    blocked.set()
    wait_until(lambda: ask(inquiry, slow) == ["late"])
    wait_until(lambda: ask(inquiry, slow) == ["late"])


def test_it_is_never_asked_twice_at_a_time(blocked):
    inquiry, inside, most = Inquiry(), [], []

    def slow():
        inside.append(1)
        most.append(len(inside))
        blocked.wait(60)
        inside.pop()

    for _ in range(4):
        ask(inquiry, slow)
    assert most == [1]


def values(families, name):
    return [point.value for family in families if family.name == name for point in family.points.values()]


def test_an_observable_instrument_that_blocks_leaves_the_others_and_the_counters(blocked):
    reader = PrometheusReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("m")
    meter.create_observable_gauge("blocks", [lambda _: (blocked.wait(60) and []) or []])
    meter.create_observable_gauge("answers", [lambda _: [Observation(7)]])
    meter.create_counter("counts").add(3)
    for _ in range(2):
        begun = time.monotonic()
        found = reader.families(everything=True).values()
        assert time.monotonic() - begun < PATIENCE_SECONDS
        assert (values(found, "blocks"), values(found, "answers"), values(found, "counts")) == ([], [7], [3])
    meter.create_counter("made_meanwhile").add(1)  # nobody holds the lock that this needs


def test_a_collector_and_a_gauge_s_function_that_block_leave_the_others(blocked):
    class Blocks:
        def collect(self):
            blocked.wait(60)
            return []

    class Answers:
        def collect(self):
            yield GaugeMetricFamily("answers", "A.", value=7)

    registry = CollectorRegistry()
    registry.register(Blocks())
    registry.register(Answers())
    prometheus_client.Gauge("asks", "A.", registry=registry).set_function(lambda: blocked.wait(60) or 1)
    prometheus_client.Counter("counts", "C.", registry=registry).inc(3)
    shown = Registry(lambda: registry)
    for _ in range(2):
        begun = time.monotonic()
        found = list(shown.families())
        assert time.monotonic() - begun < PATIENCE_SECONDS
        assert (values(found, "asks"), values(found, "answers"), values(found, "counts")) == ([], [7], [3])
    blocked.set()
    wait_until(lambda: values(list(shown.families()), "asks") == [1])
