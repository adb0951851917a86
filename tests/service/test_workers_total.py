# SPDX-License-Identifier: Apache-2.0
"""One /metrics for all workers: whoever has an answer finds it counted, under every server."""

import pytest
from support.fleet import SERVERS, WORKERS, Fleet

REQUESTS = 300


@pytest.mark.parametrize("server", SERVERS)
def test_every_scrape_counts_every_answer(server):
    with Fleet(server) as fleet:
        pids = fleet.send(REQUESTS)
        expected = dict.fromkeys(("http", "otel", "prometheus_client", "histogram"), REQUESTS)
        totals = [fleet.counted() for _ in range(10)]
        assert totals == [expected] * 10
        fleet.send(1)
        assert fleet.counted()["http"] == REQUESTS + 1
        assert len(pids) >= min(2, WORKERS[server])
        assert fleet.troubles() == []
    assert fleet.troubles() == []


@pytest.mark.parametrize("server", ["uvicorn workers", "gunicorn preload"])
def test_gauges_follow_their_policy(server):
    with Fleet(server) as fleet:
        pids = fleet.send(60)
        page = fleet.scrape()
        rooms = page.samples("active_rooms")
        assert sorted(sample.labels["worker"] for sample in rooms) == ["1", "2", "3"]
        assert sum(sample.value for sample in rooms) == len(pids)
        (running,) = page.samples("tasks_in_progress")
        assert (running.labels, running.value) == ({}, 60)
        (in_flight,) = page.samples("http_server_active_requests", http_request_method="GET")
        assert in_flight.value == 0
        lags = page.samples("otel_distro_event_loop_lag_seconds")
        assert sorted(sample.labels["worker"] for sample in lags) == ["1", "2", "3"]


def test_the_process_metrics_of_workers_are_one_set():
    with Fleet("uvicorn workers") as fleet:
        page = fleet.scrape()
        for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"):
            (sample,) = page.samples(name)
            assert sample.labels == {}
            assert sample.value > 0
        (info,) = page.samples("python_info")
        assert info.value == 1
        (target,) = page.samples("target_info")
        assert target.labels["service_name"] == "counted"
        assert not {"service_instance_id", "process_pid"} & target.labels.keys()
