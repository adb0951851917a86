# SPDX-License-Identifier: Apache-2.0
"""Every signal of an example service over OTLP, when the environment asks for it."""

import httpx
import pytest
from demo.stack import CHAT_DIRECTORY
from testbed.otlp_receiver import Hang, OtlpReceiver, Respond
from testbed.processes import json_objects, run
from testbed.services import Service

ALL_SIGNALS = {
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "prometheus,otlp",
    "OTEL_SERVICE_NAME": "inference",
}
REQUESTS = 5


@pytest.fixture(scope="module", params=["http/protobuf", "grpc"])
def finished(request):
    """A receiver that speaks the protocol, and a service that has served a few requests, was scraped and stopped."""
    with OtlpReceiver(protocol=request.param) as receiver:
        variables = {**ALL_SIGNALS, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = request.param
        with Service("inference:app", CHAT_DIRECTORY, variables) as service:
            for _ in range(REQUESTS):
                httpx.post(f"{service.url}/generate", json={"prompt": "hello"}, timeout=60).raise_for_status()
            service.page = service.scrape()
            service.stop()
        yield receiver, service


def test_every_span_arrives_once(finished):
    receiver, _ = finished
    assert len({span.span_id for span in receiver.spans()}) == len(receiver.spans()) == REQUESTS


def test_every_log_event_arrives_once_and_says_so_on_its_line(finished):
    receiver, service = finished
    sent = [record for record in receiver.logs() if record.body == "answer generated"]
    lines = [line for line in json_objects(service.stdout) if line["message"] == "answer generated"]
    assert len(sent) == len(lines) == REQUESTS
    assert {record.trace_id for record in sent} == {line["trace_id"] for line in lines}
    assert [line["otlp"] for line in lines] == [True] * REQUESTS


def test_metrics_go_both_ways(finished):
    receiver, service = finished
    pushed = receiver.metrics("http.server.request.duration")[-1]
    assert sum(point.count for point in pushed.points) == REQUESTS
    assert service.page.value("http_server_request_duration_seconds_count") == REQUESTS


def test_all_signals_name_the_same_resource(finished):
    receiver, _ = finished
    resources = [record.origin.resource for record in (*receiver.spans(), *receiver.logs(), *receiver.metrics())]
    assert len(resources) > 3 * REQUESTS
    assert {resource["service.name"] for resource in resources} == {"inference"}
    assert {resource["telemetry.distro.name"] for resource in resources} == {"otel-distro"}


def test_headers_and_compression_are_those_of_the_environment(receiver):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    variables["OTEL_EXPORTER_OTLP_HEADERS"] = "x-tenant=team%20a"
    with Service("inference:app", CHAT_DIRECTORY, variables) as service:
        httpx.post(f"{service.url}/generate", json={"prompt": "hello"}, timeout=60).raise_for_status()
        service.stop()
    (request,) = receiver.requests("traces")
    assert (request.headers["x-tenant"], request.headers["content-encoding"]) == ("team a", "gzip")
    assert len(receiver.spans()) == 1


@pytest.mark.parametrize("fault", [Hang(), Respond(503)], ids=["hangs", "unavailable"])
def test_pushed_metrics_do_not_keep_a_process_from_ending(receiver, fault):
    receiver.fail_with(fault)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_METRICS_EXPORTER": "otlp"}
    code = "from opentelemetry import metrics; metrics.get_meter('shop').create_counter('sold').add(1)"
    assert run(["opentelemetry-instrument", "python", "-c", code], variables, timeout=8).returncode == 0
    assert len(receiver.requests("metrics")) >= 1
