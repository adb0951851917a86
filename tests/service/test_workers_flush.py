# SPDX-License-Identifier: Apache-2.0
"""The end of the service, in order: every span and every log record is at the collector, under every server."""

import os
import re
import signal

import pytest
from support.fleet import SERVERS, Fleet
from testbed.otlp_receiver import Hang, OtlpReceiver, Respond

REQUESTS = 300
SERVER_SPAN = "GET /count"


def exporting(receiver):
    """Nothing leaves before the end: what arrives was flushed."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_DISTRO_ACCESS_LOG": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
        "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    }


def access_events(receiver):
    return [log for log in receiver.logs() if log.attributes.get("path") == "/count"]


@pytest.mark.parametrize("server", SERVERS)
def test_everything_is_flushed_when_the_parent_is_terminated(server, receiver):
    with Fleet(server, environment=exporting(receiver)) as fleet:
        fleet.send(REQUESTS)
        fleet.stop(signal.SIGTERM)
    assert len(receiver.spans(SERVER_SPAN)) == REQUESTS
    assert len({span.span_id for span in receiver.spans(SERVER_SPAN)}) == REQUESTS
    assert len(access_events(receiver)) == REQUESTS
    assert fleet.troubles() == []


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn workers", "gunicorn uvicorn"])
def test_everything_is_flushed_when_a_terminal_interrupts_all_processes(server, receiver):
    with Fleet(server, environment=exporting(receiver)) as fleet:
        fleet.send(REQUESTS)
        os.killpg(fleet.pid, signal.SIGINT)
        fleet.wait()
    assert len(receiver.spans(SERVER_SPAN)) == REQUESTS
    assert len(access_events(receiver)) == REQUESTS


@pytest.mark.parametrize("server", ["gunicorn uvicorn", "gunicorn asgi"])
def test_recycled_workers_flush_before_they_go(server, receiver):
    with Fleet(server, options=["--max-requests", "30"], environment=exporting(receiver)) as fleet:
        answered = 0
        before = set(fleet.pids())
        while answered < REQUESTS:
            try:
                fleet.get("/count")
                answered += 1
            except OSError:
                continue
        fleet.until(lambda: before.isdisjoint(fleet.pids()), "recycling of every worker")
        fleet.stop(signal.SIGTERM)
    assert len(receiver.spans(SERVER_SPAN)) == REQUESTS
    assert len(access_events(receiver)) == REQUESTS


def test_a_forked_child_sends_nothing_of_its_parent_again(receiver):
    with Fleet("uvicorn workers", environment=exporting(receiver)) as fleet:
        fleet.send(50)
        fleet.send(5, "/fork")
        fleet.stop(signal.SIGTERM)
    assert len(receiver.spans(SERVER_SPAN)) == 50
    assert len(receiver.spans("GET /fork")) == 5


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn workers", "gunicorn asgi"])
@pytest.mark.parametrize("fault", [None, Hang(), Respond(503)], ids=["unreachable", "hanging", "refusing"])
def test_a_collector_that_fails_keeps_no_process_from_ending(server, fault):
    with OtlpReceiver() as receiver:
        environment = exporting(receiver) | {"OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": "1"}
        if fault is None:
            receiver.close()
        else:
            receiver.fail_with(fault)
        with Fleet(server, environment=environment) as fleet:
            pids = fleet.send(30)
            expected = fleet.stop(signal.SIGTERM, timeout=10)
        receiver.recover()
    assert expected in {0, -signal.SIGTERM}
    lost = [int(count) for line in fleet.stdout for count in re.findall(r'"(\d+) records? of traces w', line)]
    assert sum(lost) == 30, fleet.output
    assert len(lost) == len(pids), "one warning each"
