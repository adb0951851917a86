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


def test_the_target_is_the_resource_of_the_spans_apart_from_what_tells_workers_apart(receiver):
    environment = {
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process,os",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop,team=red",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_DISTRO_METRICS_RESOURCE_LABELS": "os.type,team",
    }
    with Fleet("uvicorn workers", environment=environment) as fleet:
        fleet.send(30)
        page = fleet.scrape()
    (target,) = page.samples("target_info")
    resources = [span.origin.resource for span in receiver.spans()]
    assert len({resource["process.pid"] for resource in resources}) >= 2
    for resource in resources:
        told = {key: value for key, value in resource.items() if not _of_one_process(key)}
        assert target.labels == {key.replace(".", "_"): str(value) for key, value in told.items()}
    assert {"os_type", "process_runtime_version", "team", "telemetry_sdk_version"} <= target.labels.keys()
    (orders,) = page.samples("orders_total")
    assert orders.labels == {"os_type": target.labels["os_type"], "team": "red"}


def _of_one_process(key: str) -> bool:
    return key == "service.instance.id" or (key.startswith("process.") and not key.startswith("process.runtime."))
