# SPDX-License-Identifier: Apache-2.0
"""A collector that is away, slow or busy: what is kept, what is given up, what is said, and how soon a process ends."""

import logging
import threading
from email.utils import formatdate
from time import time

import pytest
from testbed.exporting import submit
from testbed.otlp_receiver import Hang, OtlpReceiver, Respond
from testbed.waiting import wait_until


@pytest.fixture(autouse=True)
def _notices(caplog):
    caplog.set_level(logging.INFO, "otel_distro")


def test_an_unreachable_collector_is_reported_once_and_all_arrives_when_it_is_back(
    closed_port_number, exporter_to, caplog
):
    exporter = exporter_to(closed_port_number, schedule_delay_millis=20)
    for _ in range(3):
        submit(exporter, 5)
        assert not exporter.force_flush(1)
    assert len([line for line in caplog.messages if line.startswith("cannot export logs")]) == 1
    with OtlpReceiver(closed_port_number) as receiver:
        receiver.wait_for(lambda found: len(found.logs()) == 15)
        assert exporter.force_flush(5)
        assert len([line for line in caplog.messages if line.startswith("exporting logs to")]) == 1
        assert exporter.stats.failed == exporter.stats.dropped == 0


def test_a_second_outage_is_reported_again(receiver, exporter_to, caplog):
    exporter = exporter_to(receiver)
    for _ in range(2):
        receiver.fail_with(Respond(503))
        submit(exporter, 1)
        assert not exporter.force_flush(0.2)
        receiver.recover()
        assert exporter.force_flush(10)
    assert [line.split()[0] for line in caplog.messages] == ["cannot", "exporting"] * 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_collector_gets_the_same_batch_again(receiver, exporter_to, status):
    receiver.fail_with(Respond(status), times=1)
    exporter = exporter_to(receiver)
    submit(exporter, 3)
    assert exporter.force_flush(10)
    assert len(receiver.requests()) == 2
    assert len(receiver.logs()) == exporter.stats.exported == 3


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_retry_after_is_obeyed_even_by_a_flush(receiver, exporter_to, as_date):
    retry_after = formatdate(time() + 3, usegmt=True) if as_date else 2
    receiver.fail_with(Respond(429, retry_after=retry_after), times=1)
    exporter = exporter_to(receiver)
    submit(exporter, 1)
    assert not exporter.force_flush(0.2)
    assert len(receiver.requests()) == 1
    assert exporter.force_flush(10)
    first, second = receiver.requests()
    assert second.time - first.time >= 1.9


def test_a_batch_that_is_turned_away_for_its_whole_time_is_given_up(receiver, exporter_to):
    receiver.fail_with(Respond(503))
    exporter = exporter_to(receiver, export_timeout_millis=1, schedule_delay_millis=10)
    submit(exporter, 4)
    wait_until(lambda: exporter.stats.failed == 4)
    assert len(receiver.requests()) in (1, 2)  # on a busy machine the millisecond is over with the first answer


def test_a_collector_that_does_not_answer_in_time_is_asked_again(receiver, exporter_to, caplog):
    receiver.fail_with(Hang(), times=1)
    exporter = exporter_to(receiver, timeout_seconds=0.2)
    submit(exporter, 2)
    assert exporter.force_flush(10)
    assert len(receiver.logs()) == 2
    assert any("timed out" in line for line in caplog.messages)


def test_shutdown_ends_in_time_while_the_collector_says_nothing(receiver, exporter_to):
    receiver.fail_with(Hang())
    exporter = exporter_to(receiver, timeout_seconds=60)
    submit(exporter, 2)
    assert not exporter.shutdown(0.3)
    assert exporter.stats.queue_size == 2


def test_shutdown_without_a_collector_says_what_was_lost_and_counts_it(closed_port_number, exporter_to, caplog):
    exporter = exporter_to(closed_port_number)
    submit(exporter, 7)
    assert not exporter.shutdown(60)
    assert exporter.stats.failed == 7
    assert caplog.messages[-1] == (
        f"7 records of logs were not delivered to http://127.0.0.1:{closed_port_number}/v1/logs before the end"
    )


def test_shutdown_waits_for_a_busy_collector_as_long_as_it_may(receiver, exporter_to):
    receiver.fail_with(Respond(503, retry_after=1), times=1)
    exporter = exporter_to(receiver)
    submit(exporter, 3)
    assert exporter.shutdown(10)
    assert len(receiver.logs()) == 3


def test_a_flush_without_a_thread_sends_in_its_own(receiver, exporter_to, monkeypatch):
    """At the end of the interpreter no thread can be started: https://github.com/python/cpython/issues/113964."""

    start = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("otel-distro-export"):
            raise RuntimeError("can't create new thread at interpreter shutdown")
        start(thread)

    monkeypatch.setattr("threading.Thread.start", refuse)
    exporter = exporter_to(receiver)
    assert submit(exporter, 1) == 1
    assert exporter.force_flush(5)
    assert len(receiver.logs()) == 1
