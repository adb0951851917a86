# SPDX-License-Identifier: Apache-2.0
"""One request through both example services: its spans, its log lines and its ids belong together."""

import re

import httpx
import pytest
from testbed.processes import json_objects

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
MESSAGE = {"text": "hello there", "user_id": "ada"}


@pytest.fixture(scope="module")
def response(chat):
    """The answer to a request that brings the caller's trace context."""
    headers = {"traceparent": f"00-{TRACE_ID}-{CALLER}-01"}
    return httpx.post(f"{chat.chat_api.url}/rooms/lobby/messages", json=MESSAGE, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def spans(chat, response):
    """The spans of that request, by service and kind; there must be exactly four."""
    arrived = chat.receiver.wait_for(lambda r: len(found := spans_of(r, TRACE_ID)) >= 4 and found)
    by_role = {(span.service, span.kind): span for span in arrived}
    assert len(arrived) == len(by_role) == 4
    return by_role


def spans_of(receiver, trace_id):
    return [span for span in receiver.spans() if span.trace_id == trace_id]


def lines_of(chat, trace_id):
    lines = [line for service in chat.services.values() for line in json_objects(service.stdout)]
    return [line for line in lines if line.get("trace_id") == trace_id]


def post(chat, path="/rooms/lobby/messages", json=MESSAGE, **options):
    return httpx.post(chat.chat_api.url + path, json=json, **{"timeout": 60, **options})


def test_there_is_one_server_span_per_service_and_one_client_span_each_under_its_caller(spans):
    server, manual = spans["chat_api", "SERVER"], spans["chat_api", "INTERNAL"]
    client, behind = spans["chat_api", "CLIENT"], spans["inference", "SERVER"]
    assert server.parent_span_id == CALLER
    assert manual.parent_span_id == client.parent_span_id == server.span_id
    assert behind.parent_span_id == client.span_id


def test_spans_carry_the_stable_http_conventions(spans, chat):
    server, client = spans["chat_api", "SERVER"], spans["chat_api", "CLIENT"]
    assert (server.name, client.name) == ("POST /rooms/{room}/messages", "POST")
    expected = {
        "http.request.method": "POST",
        "http.route": "/rooms/{room}/messages",
        "url.path": "/rooms/lobby/messages",
        "http.response.status_code": 200,
    }
    assert expected.items() <= server.attributes.items()
    assert client.attributes["url.full"] == f"{chat.inference.url}/generate".replace("127.0.0.1", "localhost")
    assert client.attributes["http.response.status_code"] == 200


def test_spans_nest_in_time(spans):
    server, client = spans["chat_api", "SERVER"], spans["chat_api", "CLIENT"]
    behind = spans["inference", "SERVER"]
    assert server.start_ns <= client.start_ns < behind.start_ns
    assert behind.end_ns <= server.end_ns
    assert 0 < behind.duration_ms < client.duration_ms < server.duration_ms


def test_the_response_names_the_trace(response):
    assert response.status_code == 200
    assert response.headers["x-trace-id"] == TRACE_ID
    assert response.headers["x-request-id"]
    assert response.headers["x-correlation-id"]


def test_every_log_line_of_the_request_carries_its_trace_id(chat, response):
    """Between two requests to another route, both services write lines of this request only."""
    written = {name: len(service.stdout) for name, service in chat.services.items()}
    trace_id = post(chat).headers["x-trace-id"]
    chat.chat_api.wait_for(lambda p: "status_code" in "".join(p.stdout[written["chat_api"] :]))
    chat.inference.wait_for(lambda p: "status_code" in "".join(p.stdout[written["inference"] :]))
    lines = {name: json_objects(chat.services[name].stdout[start:]) for name, start in written.items()}
    assert [line["trace_id"] for line in lines["chat_api"]] == [trace_id] * 2
    assert [line["trace_id"] for line in lines["inference"]] == [trace_id] * 2


def test_log_lines_name_the_span_in_which_they_were_written(chat, spans):
    lines = lines_of(chat, TRACE_ID)
    assert len(lines) == 4
    found = {(line["service"], line["message"]): line["span_id"] for line in lines}
    assert found["chat_api", "message received"] == spans["chat_api", "SERVER"].span_id
    assert found["inference", "answer generated"] == spans["inference", "SERVER"].span_id


def test_log_lines_keep_the_contract_and_what_the_application_binds(chat, response):
    (received,) = [line for line in lines_of(chat, TRACE_ID) if line["message"] == "message received"]
    (generated,) = [line for line in lines_of(chat, TRACE_ID) if line["message"] == "answer generated"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", received["timestamp"])
    expected = {"level": "info", "service": "chat_api", "logger": "chat_api", "room": "lobby", "user_id": "ada"}
    assert expected.items() <= received.items()
    assert generated["inference_time_ms"] > 0
    assert received["request_id"] == response.headers["x-request-id"]
    assert received["correlation_id"] == generated["correlation_id"] == response.headers["x-correlation-id"]


def test_the_access_line_says_what_the_span_says(chat, spans):
    (access,) = [line for line in lines_of(chat, TRACE_ID) if "status_code" in line and line["service"] == "chat_api"]
    server = spans["chat_api", "SERVER"]
    expected = {"method": "POST", "path": "/rooms/lobby/messages", "route": server.attributes["http.route"]}
    assert {**expected, "status_code": 200, "span_id": server.span_id}.items() <= access.items()
    assert access["duration_ms"] == pytest.approx(server.duration_ms, rel=0.05, abs=20)


def test_an_unhandled_exception_is_one_error_line_and_an_error_span(chat):
    response = httpx.delete(f"{chat.chat_api.url}/rooms/lobby", timeout=60)
    trace_id = response.headers["x-trace-id"]
    (span,) = chat.receiver.wait_for(lambda r: spans_of(r, trace_id))
    failed = chat.chat_api.wait_for(lambda _: [line for line in lines_of(chat, trace_id) if "exception" in line])
    assert (response.status_code, span.status) == (500, "ERROR")
    assert span.attributes["error.type"] == "500"
    assert [line["error"] for line in failed] == ["RuntimeError: cannot delete lobby: the archive is not mounted"]
    assert failed[0]["exception"].startswith("Traceback (most recent call last):")


def test_a_failure_behind_is_seen_in_both_services(chat):
    response = post(chat, json={"text": "", "user_id": "mallory"})
    trace_id = response.headers["x-trace-id"]
    chat.receiver.wait_for(lambda r: len(spans_of(r, trace_id)) == 4)
    status = {(span.service, span.kind): span.status for span in spans_of(chat.receiver, trace_id)}
    assert response.status_code == 502
    assert status["chat_api", "SERVER"] == status["chat_api", "CLIENT"] == "ERROR"
    assert status["inference", "SERVER"] == "UNSET"  # a 422 is the caller's mistake
    levels = sorted((line["service"], line["message"], line["level"]) for line in lines_of(chat, trace_id))
    assert ("chat_api", "no answer", "error") in levels
    assert ("inference", "empty prompt refused", "warning") in levels


def test_a_missing_route_is_answered_with_the_trace_id_too(chat):
    response = httpx.get(f"{chat.chat_api.url}/nowhere", timeout=60)
    assert response.status_code == 404
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-trace-id"])


@pytest.mark.parametrize("traceparent", ["", "00-zz-b7ad6b7169203331-01", f"00-{'0' * 32}-{CALLER}-01", "x" * 9000])
def test_a_broken_traceparent_starts_a_trace_of_its_own(chat, traceparent):
    trace_id = post(chat, headers={"traceparent": traceparent}).headers["x-trace-id"]
    arrived = chat.receiver.wait_for(lambda r: len(found := spans_of(r, trace_id)) >= 4 and found)
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    assert trace_id != "0" * 32
    assert sum(span.parent_span_id is None for span in arrived) == 1


def test_a_caller_that_only_knows_x_trace_id_gets_a_root_span_of_that_trace(chat):
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert post(chat, headers={"x-trace-id": trace_id}).headers["x-trace-id"] == trace_id
    arrived = chat.receiver.wait_for(lambda r: len(found := spans_of(r, trace_id)) >= 4 and found)
    (root,) = [span for span in arrived if span.parent_span_id is None]
    assert (root.service, root.kind) == ("chat_api", "SERVER")
