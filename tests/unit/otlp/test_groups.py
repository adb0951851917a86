# SPDX-License-Identifier: Apache-2.0
"""Records that are submitted before they are encoded: a few in a row by who submits, what is left by the export thread."""

import threading

import pytest
from testbed.exporting import RESOURCE, SCOPE, log_record

from otel_distro import diagnostics
from otel_distro.otlp.export import GROUP


class Encoding:
    """Encodes numbers as log records, and notes in which thread; 13 cannot be encoded."""

    def __init__(self):
        self.threads = []

    def __call__(self, number):
        self.threads.append(threading.current_thread().name)
        if number == 13:
            raise ValueError("13")
        return log_record(number)


@pytest.fixture
def encoding():
    return Encoding()


@pytest.fixture
def exporter(receiver, exporter_to, encoding):
    exporter = exporter_to(receiver, schedule_delay_millis=3_600_000)
    exporter.encode = encoding
    return exporter


def bodies(receiver):
    return [record.body for record in receiver.logs()]


def test_who_submits_the_last_of_a_group_encodes_it(exporter, encoding):
    for number in range(20, 20 + GROUP):
        assert not encoding.threads
        assert exporter.submit(RESOURCE, SCOPE, number)
    assert encoding.threads == [threading.current_thread().name] * GROUP


def test_the_export_thread_encodes_what_is_left(exporter, receiver, encoding):
    for number in range(3):
        assert exporter.submit(RESOURCE, SCOPE, number)
    assert exporter.force_flush(5)
    assert bodies(receiver) == ["record 0", "record 1", "record 2"]
    assert encoding.threads == ["otel-distro-export-logs"] * 3


@pytest.mark.parametrize("count", [15, 40], ids=["by the export thread", "by who submits"])
def test_one_that_cannot_be_encoded_is_counted_and_stops_no_other(exporter, receiver, count):
    faults = diagnostics.faults().get("encoding", 0)
    for number in range(count):
        assert exporter.submit(RESOURCE, SCOPE, number)
    assert not exporter.force_flush(5)
    assert bodies(receiver) == [f"record {number}" for number in range(count) if number != 13]
    stats = exporter.stats
    assert (stats.submitted, stats.exported, stats.failed, stats.queue_size) == (count, count - 1, 1, 0)
    assert diagnostics.faults()["encoding"] > faults


def test_threads_that_submit_at_once_lose_and_double_nothing(exporter, receiver):
    def submit(first):
        for number in range(first, first + 400):
            assert exporter.submit(RESOURCE, SCOPE, number)

    threads = [threading.Thread(target=submit, args=(1000 * (index + 1),)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exporter.force_flush(5)
    assert len(bodies(receiver)) == len(set(bodies(receiver))) == 1600
