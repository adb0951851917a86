# SPDX-License-Identifier: Apache-2.0
"""What a service sends comes out of the viewer byte for byte, with the headers of its own, and so does the answer."""

import gzip
import os
import sys
import zlib
from contextlib import contextmanager

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.raw_collector import raw_grpc, raw_http
from support.viewed import VIEW, chat, count_of, viewer_of_its_own
from testbed.otlp_receiver import OtlpReceiver, PartialSuccess, Respond
from testbed.processes import Process

PROTOBUF = {"Content-Type": "application/x-protobuf"}
# The address that a service gets in place of its collector's, and the service stays.
SERVICE = "import os, signal; print(os.environ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], flush=True); signal.pause()"


@pytest.fixture
def viewer():
    with viewer_of_its_own() as found:
        yield found


@contextmanager
def tee_of(viewer, **environment):
    """Yield what posts to the tee of a service with this environment."""
    variables = {**viewer.environment, **environment}
    with (
        Process([*VIEW, sys.executable, "-c", SERVICE], variables) as service,
        httpx.Client(headers=PROTOBUF, timeout=60) as client,
    ):
        address = service.wait_for_line("^http://.*/tee/", 60)
        yield lambda body, **headers: client.post(address, content=body, headers=headers)
        service.kill()


def span(number):
    request = ExportTraceServiceRequest()
    made = request.resource_spans.add().scope_spans.add().spans.add(name=f"span {number}")
    made.trace_id, made.span_id = os.urandom(16), os.urandom(8)
    return request.SerializeToString()


def test_bytes_come_out_as_they_went_in_whatever_they_are(viewer):
    large = ExportTraceServiceRequest.FromString(span(0))
    large.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k").value.string_value = "x" * 4_000_000
    bodies = [span(1), gzip.compress(span(2)), zlib.compress(span(3)), b"", os.urandom(2000), large.SerializeToString()]
    with raw_http() as collector:
        collector.answer = (200, {"Content-Type": "application/x-protobuf"}, b"\x0a\x00")
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.address}/under"}
        with tee_of(viewer, **endpoint, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20a%2Cb,x-tenant=7") as post:
            answers = [post(body) for body in bodies]
    assert [body for _, _, body in collector.requests] == bodies
    assert {path for path, _, _ in collector.requests} == {"/under/v1/traces"}
    wanted = {"authorization": "Bearer a,b", "x-tenant": "7", "content-type": "application/x-protobuf"}
    assert [wanted.items() <= headers.items() for _, headers, _ in collector.requests] == [True] * len(bodies)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"\x0a\x00")}
    assert (
        viewer.ask("overview")["spans"] == 2
    )  # those that it understands: two are compressed without a header that says so


def test_a_collectors_answer_is_the_services(viewer):
    statuses, got = [400, 401, 404, 413, 429, 500, 502, 503, 504], []
    with raw_http() as collector, tee_of(viewer, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address) as post:
        for status in statuses:
            collector.answer = (status, {"Retry-After": "7", "Content-Type": "text/plain"}, b"because \xf0\x9f\x90\x8c")
            got.append(post(span(1)))
    assert [answer.status_code for answer in got] == statuses
    assert {(answer.headers["Retry-After"], answer.content) for answer in got} == {("7", collector.answer[2])}


def test_a_collector_that_speaks_grpc_gets_the_message_and_its_code_is_told_as_http_tells_it(viewer):
    code = grpc.StatusCode
    answers = {
        b"\x0a\x04\x08\x02\x12\x00": 200,  # a partial success
        code.UNAVAILABLE: 503,
        code.DEADLINE_EXCEEDED: 503,
        code.RESOURCE_EXHAUSTED: 429,
        code.INVALID_ARGUMENT: 400,
        code.UNAUTHENTICATED: 401,
        code.PERMISSION_DENIED: 403,
        code.UNIMPLEMENTED: 404,
        code.INTERNAL: 500,
    }
    variables = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_HEADERS": "X-Tenant=7",
    }
    bodies = [span(number) for number in range(len(answers))]
    got = []
    with (
        raw_grpc() as collector,
        tee_of(viewer, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address, **variables) as post,
    ):
        for body, answer in zip(bodies, answers, strict=True):
            collector.answer = answer
            got.append(post(gzip.compress(body), **{"Content-Encoding": "gzip"}))
    assert [answer.status_code for answer in got] == list(answers.values())
    assert got[0].content == next(iter(answers))
    method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    assert [(path, body) for path, _, body in collector.requests] == [(method, body) for body in bodies]
    assert {metadata["x-tenant"] for _, metadata, _ in collector.requests} == {"7"}
    assert viewer.ask("overview")["spans"] == len(bodies)


def test_nobody_there_is_told_as_such_and_seen_all_the_same(viewer):
    for protocol in ("http/protobuf", "grpc"):
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        with tee_of(viewer, **variables) as post:
            assert post(span(1)).status_code in (502, 503)
    viewer.wait_for("overview", lambda found: found["spans"] == 2)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_service_with_a_collector_sends_it_the_same_as_without_a_viewer(viewer, protocol):
    route = "GET /rooms/{room}/messages"
    with OtlpReceiver(protocol=protocol) as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=7",
            "OTEL_LOGS_EXPORTER": "otlp",
        }
        collector.fail_with(Respond(503), times=1)
        with chat(viewer, **variables) as service:
            assert [httpx.get(f"{service.url}/rooms/none/messages", timeout=30).status_code for _ in range(20)] == [
                404
            ] * 20
            collector.wait_for(lambda found: len(found.spans(route)) >= 20, timeout=60)
            collector.fail_with(PartialSuccess(1, "too old"), times=1)
            assert httpx.delete(f"{service.url}/rooms/lobby", timeout=30).status_code == 500
            viewer.wait_for("routes", lambda found: sum(row["count"] for row in found) == 21)
        spans, logs = collector.spans(), collector.logs()  # all of them, since the service has ended
        headers = [request.headers for request in collector.requests() if request.fault is None]
    lines = viewer.wait_for("logs?limit=1000", lambda found: len(found) >= len(logs))
    shown = viewer.ask("routes")
    assert (count_of(shown, route), len(spans)) == (20, 21)
    assert len({span.span_id for span in spans}) == 21  # what was refused once has come once
    assert len(logs) == len(lines) >= 22  # an access event of each, a traceback, the server's own
    assert {sent["x-tenant"] for sent in headers} == {"7"}
    assert any("too old" in line for line in service.stdout)
