# SPDX-License-Identifier: Apache-2.0
"""Which exporters serve: ours for OTLP over HTTP, upstream's for gRPC, console and others, each event and span once."""

from __future__ import annotations

import sys

import pytest
from testbed.http_proxy import http_proxy
from testbed.otlp_receiver import OtlpReceiver, Transport
from testbed.processes import Process, free_port
from testbed.services import LAUNCHER

SCRIPT = """
import structlog
from opentelemetry import metrics, trace
metrics.get_meter("script").create_counter("jobs").add(3)
with trace.get_tracer("script").start_as_current_span("work"):
    structlog.get_logger("job").info("working", step=1)
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger("job").exception("failed")
"""


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_all_signals_travel_over_either_transport(protocol: Transport) -> None:
    with OtlpReceiver(protocol=protocol) as receiver:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_METRICS_EXPORTER": "prometheus,otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_SERVICE_NAME": "job",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        }
        with Process([LAUNCHER, sys.executable, "-c", SCRIPT], environment) as script:
            assert script.wait() == 0, script.output
        (span,) = receiver.spans()
        records = receiver.logs()
        pushed = {metric.name for metric in receiver.metrics()}
    assert script.stderr == []
    assert span.name == "work"
    assert [record.body for record in records] == ["working", "failed"]
    assert {record.trace_id for record in records} == {span.trace_id}
    assert records[0].attributes == {"step": 1}
    assert records[1].attributes["exception.type"] == "ZeroDivisionError"
    assert [line.count('"otlp":true') for line in script.stdout] == [1, 1]
    assert "jobs" in pushed


def test_all_signals_go_through_a_proxy_whose_credentials_are_not_said() -> None:
    with OtlpReceiver() as receiver, http_proxy(receiver.port, "Basic bWU6Z2VoZWlt") as proxy:
        environment = {
            "HTTP_PROXY": f"http://me:geheim@127.0.0.1:{proxy.port}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_DISTRO_ADMIN": "false",
        }
        with Process([LAUNCHER, sys.executable, "-c", SCRIPT], environment) as script:
            assert script.wait() == 0, script.output
        assert [span.name for span in receiver.spans()] == ["work"]
        assert len(receiver.logs()) == 2
        assert "jobs" in {metric.name for metric in receiver.metrics()}
    assert {target for _, target, _ in proxy.requests} == {
        f"http://collector.example:4318/v1/{signal}" for signal in ("traces", "metrics", "logs")
    }
    assert script.stderr == []
    assert "geheim" not in script.output


def test_the_console_exporters_of_upstream_work_beside_ours(receiver: OtlpReceiver) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_TRACES_EXPORTER": "otlp,console",
        "OTEL_LOGS_EXPORTER": "console",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
    }
    with Process([LAUNCHER, sys.executable, "-c", SCRIPT], environment) as script:
        assert script.wait() == 0, script.output
    assert [span.name for span in receiver.spans()] == ["work"]
    assert script.output.count('"name": "work"') == 1
    assert script.output.count('"body": "working"') == 1
