# SPDX-License-Identifier: Apache-2.0
"""The exporter against a real receiver: what arrives, what is counted, when it gives up."""

import os
import threading

import pytest
from opentelemetry.sdk.resources import Resource
from testbed.exporting import RESOURCE, SCOPE, log_record, submit
from testbed.otlp_receiver import CloseConnection, PartialSuccess, Respond

from otel_distro.otlp.export import ExportStats


def test_records_arrive_with_resource_scope_and_headers(receiver, exporter_to):
    exporter = exporter_to(receiver, headers={"x-tenant": "blue"})
    submit(exporter, 3)
    assert exporter.force_flush(5)
    assert [record.body for record in receiver.logs()] == ["record 0", "record 1", "record 2"]
    assert {record.origin.scope for record in receiver.logs()} == {SCOPE.name}
    assert receiver.logs()[0].origin.resource == dict(RESOURCE.attributes)
    (request,) = receiver.requests()
    assert request.headers["x-tenant"] == "blue"
    assert request.headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_bodies_are_compressed_as_configured(receiver, compression, exporter_to):
    exporter = exporter_to(receiver, compression=compression)
    submit(exporter, 100)
    assert exporter.force_flush(5)
    (request,) = receiver.requests()
    assert request.headers["content-encoding"] == compression
    assert len(receiver.logs()) == 100
    assert request.size < 100 * len(log_record(0)) / 3


def test_a_full_batch_leaves_before_its_time(receiver, exporter_to):
    exporter = exporter_to(receiver, schedule_delay_millis=3_600_000, max_export_batch_size=16)
    submit(exporter, 40)
    receiver.wait_for(lambda found: len(found.logs()) == 32)
    assert exporter.stats.submitted == 40


def test_a_partial_batch_leaves_after_the_delay(receiver, exporter_to):
    submit(exporter_to(receiver, schedule_delay_millis=50), 1)
    receiver.wait_for(lambda found: len(found.logs()) == 1)


def test_no_request_holds_more_than_a_batch(receiver, exporter_to):
    exporter = exporter_to(receiver, max_export_batch_size=100)
    submit(exporter, 250)
    assert exporter.force_flush(5)
    assert len(receiver.logs()) == 250
    assert len(receiver.requests()) == 3


def test_one_connection_serves_all_requests_and_a_closed_one_is_opened_again(receiver, exporter_to):
    exporter = exporter_to(receiver)
    submit(exporter, 1)
    assert exporter.force_flush(5)
    receiver.fail_with(CloseConnection(), times=1)
    submit(exporter, 1)
    assert exporter.force_flush(5)
    assert len(receiver.logs()) == 2


def test_what_the_queue_cannot_hold_is_dropped_newest_first_and_counted(closed_port, exporter_to):
    exporter = exporter_to(closed_port, max_queue_size=10)
    assert [submit(exporter, 1) for _ in range(13)] == [1] * 10 + [0] * 3
    assert exporter.stats == ExportStats(
        submitted=13, exported=0, dropped=3, failed=0, queue_size=10, queue_capacity=10
    )


def test_a_batch_larger_than_the_queue_is_no_error(receiver, exporter_to):
    exporter = exporter_to(receiver, max_queue_size=4, max_export_batch_size=512)
    submit(exporter, 4)
    assert exporter.force_flush(5)
    assert len(receiver.logs()) == 4


def test_records_of_many_threads_are_all_counted(receiver, exporter_to):
    exporter = exporter_to(receiver, max_queue_size=100_000, max_export_batch_size=1000)
    threads = [threading.Thread(target=submit, args=(exporter, 500)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exporter.shutdown(20)
    assert exporter.stats == ExportStats(4000, exported=4000, dropped=0, failed=0, queue_size=0, queue_capacity=100_000)
    assert len(receiver.logs()) == 4000


def test_an_exporter_that_exports_nothing_has_no_thread(receiver, exporter_to):
    exporter = exporter_to(receiver)
    assert exporter.force_flush(1)
    assert exporter.shutdown(1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("otel-distro-export")]


def test_after_shutdown_everything_is_dropped_and_the_thread_is_gone(receiver, exporter_to):
    exporter = exporter_to(receiver)
    submit(exporter, 2)
    assert exporter.shutdown(5)
    assert exporter.shutdown(5)
    assert submit(exporter, 1) == 0
    assert exporter.stats.dropped == 1
    assert len(receiver.logs()) == 2


def test_a_partial_success_counts_what_was_rejected_and_says_it_once(receiver, caplog, exporter_to):
    receiver.fail_with(PartialSuccess(rejected=2, message="too old"))
    exporter = exporter_to(receiver)
    for _ in range(2):
        submit(exporter, 5)
        assert not exporter.force_flush(5)
    assert (exporter.stats.exported, exporter.stats.failed) == (6, 4)
    assert [line for line in caplog.messages if "too old" in line] == [
        f"{receiver.endpoint}/v1/logs refused 2 records of logs: too old; they are not sent again"
    ]


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500, 301])
def test_a_refusal_for_good_is_not_sent_again(receiver, status, caplog, exporter_to):
    receiver.fail_with(Respond(status))
    exporter = exporter_to(receiver)
    for _ in range(2):
        submit(exporter, 3)
        assert not exporter.force_flush(5)
    assert len(receiver.requests()) == 2
    assert exporter.stats.failed == 6
    assert len([line for line in caplog.messages if f": {status} " in line]) == 1


# What Python 3.12 says of any fork beside threads; the receiver's are the test's own.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_records_are_sent_in_the_forked_child_and_not_twice(receiver, exporter_to):
    """The child starts empty: what was queued before the fork is its parent's to send."""
    exporter = exporter_to(receiver, schedule_delay_millis=3_600_000)
    submit(exporter, 2)
    child = os.fork()
    if child == 0:
        exporter.submit(Resource({"who": "child"}), SCOPE, log_record(100))
        os._exit(0 if exporter.shutdown(5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert exporter.force_flush(5)
    assert sorted(record.body for record in receiver.logs()) == ["record 0", "record 1", "record 100"]


def test_submitting_is_safe_while_the_same_thread_is_submitting(receiver, exporter_to):
    """A signal handler may interrupt `submit` anywhere; here it comes while the exporter's lock is held."""
    exporter = exporter_to(receiver, max_queue_size=1)
    submit(exporter, 1)
    with exporter._lock:
        assert submit(exporter, 1) == 0
    assert exporter.stats.dropped == 1


def test_a_header_that_cannot_be_sent_is_left_out_and_named(receiver, caplog, exporter_to):
    exporter = exporter_to(receiver, headers={"x-bad": "one\r\ntwo", "x y": "z", "x-good": "yes"})
    submit(exporter, 1)
    assert exporter.force_flush(5)
    (request,) = receiver.requests()
    assert request.headers["x-good"] == "yes"
    assert "x-bad" not in request.headers
    assert [line.split()[2] for line in caplog.messages if "header" in line] == ["'x-bad'", "'x"]


def test_an_answer_that_is_no_http_is_retried_and_not_fatal(garbage_port, exporter_to):
    exporter = exporter_to(garbage_port)
    submit(exporter, 1)
    assert not exporter.force_flush(0.5)
    assert exporter.stats.queue_size == 1


def test_a_flush_of_a_full_queue_arrives_whole(receiver, exporter_to):
    exporter = exporter_to(receiver, schedule_delay_millis=3_600_000)
    assert submit(exporter, 2048) == 2048
    assert exporter.force_flush(10)
    assert len(receiver.logs()) == 2048
