# SPDX-License-Identifier: Apache-2.0
"""The receiver that the other tests trust, judged by upstream's own exporters."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind
from testbed.otlp_receiver import CloseConnection, Hang, OtlpReceiver, PartialSuccess, Respond

RESOURCE = Resource({"service.name": "checkout"})
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def export_two_spans(exporter):
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("parent", kind=SpanKind.SERVER) as parent:
        parent.set_attributes({"n": 1, "ok": True, "list": ["a", "b"]})
        with tracer.start_as_current_span("child") as child:
            child.add_event("looked up", {"rows": 3})
    provider.shutdown()


def test_keeps_spans_as_they_were_sent():
    with OtlpReceiver() as receiver:
        export_two_spans(OTLPSpanExporter(f"{receiver.endpoint}/v1/traces", compression=Compression.Gzip))
        child, parent = receiver.spans()
        (first, second) = receiver.requests("traces")
    assert (parent.name, parent.kind, parent.parent_span_id, parent.status) == ("parent", "SERVER", None, "UNSET")
    assert parent.attributes == {"n": 1, "ok": True, "list": ["a", "b"]}
    assert (child.trace_id, child.parent_span_id) == (parent.trace_id, parent.span_id)
    assert [(event.name, event.attributes) for event in child.events] == [("looked up", {"rows": 3})]
    assert (child.service, child.origin.scope) == ("checkout", "shop")
    assert 0 <= child.duration_ms <= parent.duration_ms
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "gzip"


def test_speaks_grpc_too():
    with OtlpReceiver(protocol="grpc") as receiver:
        export_two_spans(GrpcSpanExporter(endpoint=receiver.endpoint, insecure=True))
        assert [span.name for span in receiver.spans()] == ["child", "parent"]


def test_keeps_log_records():
    with OtlpReceiver() as receiver:
        provider = LoggerProvider(resource=RESOURCE)
        provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{receiver.endpoint}/v1/logs")))
        provider.get_logger("shop").emit(body={"sold": 2}, severity_text="INFO", attributes={"user_id": "u1"})
        provider.shutdown()
        (record,) = receiver.logs()
    assert (record.body, record.severity_text, record.attributes) == ({"sold": 2}, "INFO", {"user_id": "u1"})
    assert (record.trace_id, record.span_id) == (None, None)


def test_keeps_metrics_of_every_kind():
    with OtlpReceiver() as receiver:
        exporter = OTLPMetricExporter(f"{receiver.endpoint}/v1/metrics")
        provider = MeterProvider([PeriodicExportingMetricReader(exporter, 60_000)], resource=RESOURCE)
        meter = provider.get_meter("shop")
        meter.create_counter("sold", unit="1").add(3, {"arm": "left"})
        meter.create_histogram("took", unit="s", explicit_bucket_boundaries_advisory=[1, 2]).record(1.5)
        meter.create_gauge("open").set(0.5)
        provider.shutdown()
        (sold,), (took,), (opened,) = (receiver.metrics(name) for name in ("sold", "took", "open"))
    assert (sold.kind, sold.points[0].value, sold.points[0].attributes) == ("sum", 3, {"arm": "left"})
    assert (took.kind, took.unit, took.points[0].count, took.points[0].value) == ("histogram", "s", 1, 1.5)
    assert (took.points[0].bounds, took.points[0].bucket_counts) == ((1, 2), (0, 1, 0))
    assert (opened.kind, opened.points[0].value) == ("gauge", 0.5)


def test_refuses_as_told_and_then_recovers():
    with OtlpReceiver() as receiver, requests.Session() as session:
        receiver.fail_with(Respond(503, retry_after=7), times=1)
        refused, accepted = (session.post(f"{receiver.endpoint}/v1/traces", b"", headers=PROTOBUF) for _ in range(2))
        faults = [request.fault for request in receiver.requests()]
    assert (refused.status_code, refused.headers["Retry-After"], accepted.status_code) == (503, "7", 200)
    assert faults == [Respond(503, retry_after=7), None]


def test_can_reject_a_part():
    with OtlpReceiver() as receiver:
        receiver.fail_with(PartialSuccess(2, "too old"))
        answer = requests.post(f"{receiver.endpoint}/v1/logs", b"", headers=PROTOBUF, timeout=5)
    assert answer.status_code == 200
    assert b"too old" in answer.content


def test_can_close_the_connection():
    with OtlpReceiver() as receiver:
        receiver.fail_with(CloseConnection())
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{receiver.endpoint}/v1/logs", b"", headers=PROTOBUF, timeout=5)


def test_can_hang_and_lets_go_when_it_closes():
    with OtlpReceiver() as receiver:
        receiver.fail_with(Hang())
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{receiver.endpoint}/v1/logs", b"", headers=PROTOBUF, timeout=0.2)


def test_closing_drops_connections_and_the_same_port_comes_back():
    with requests.Session() as session:
        with OtlpReceiver() as receiver:
            session.post(f"{receiver.endpoint}/v1/logs", b"", headers=PROTOBUF)
        with pytest.raises(requests.ConnectionError):
            session.post(f"{receiver.endpoint}/v1/logs", b"", headers=PROTOBUF)
        with OtlpReceiver(receiver.port) as again:
            assert session.post(f"{again.endpoint}/v1/logs", b"", headers=PROTOBUF).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        pytest.param("/v1/traces", PROTOBUF, b"\xff\xff", 400, id="not protobuf"),
        pytest.param("/v1/traces", {**PROTOBUF, "Content-Encoding": "gzip"}, b"plain", 400, id="not gzip"),
        pytest.param("/v1/traces", {**PROTOBUF, "Content-Encoding": "br"}, b"", 415, id="unknown encoding"),
        pytest.param("/v1/traces", {"Content-Type": "application/json"}, b"{}", 415, id="json"),
        pytest.param("/v1/profiles", PROTOBUF, b"", 404, id="unknown signal"),
    ],
)
def test_says_what_is_wrong_with_a_request(path, headers, body, status):
    with OtlpReceiver() as receiver:
        answer = requests.post(receiver.endpoint + path, body, headers=headers, timeout=5)
    assert answer.status_code == status


def test_waiting_in_vain_says_what_arrived():
    with OtlpReceiver() as receiver:
        export_two_spans(OTLPSpanExporter(f"{receiver.endpoint}/v1/traces"))
        with pytest.raises(TimeoutError, match=r"2 spans.*checkout: SERVER parent"):
            receiver.wait_for(lambda r: r.spans("absent"), timeout=0.05)


def test_the_command_prints_what_it_gets():
    command = [sys.executable, "-m", "testbed.otlp_receiver", "--port", "0"]
    tools = Path(__file__).parents[3] / "tools"
    with subprocess.Popen(command, env={"PYTHONPATH": str(tools)}, stdout=subprocess.PIPE, text=True) as program:
        endpoint = program.stdout.readline().split()[2]
        export_two_spans(OTLPSpanExporter(f"{endpoint}/v1/traces"))
        child, parent = program.stdout.readline(), program.stdout.readline()
        program.terminate()
    assert child.startswith("span   checkout INTERNAL 'child' ")
    assert parent.startswith("span   checkout SERVER 'parent' ")
    assert program.returncode == 0
