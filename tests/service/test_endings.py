# SPDX-License-Identifier: Apache-2.0
"""However long a client stays and however it leaves a real server: span ended, duration counted, gauge back to 0."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from testbed.processes import json_objects
from testbed.services import Service
from testbed.waiting import wait_until
from websockets.sync.client import connect

APPS = Path(__file__).parents[1] / "support" / "apps"
TIMES = 20


@pytest.fixture
def service(receiver):
    with Service("exposed:app", APPS, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}) as running:
        yield running


def in_flight(service):
    return service.scrape().value("http_server_active_requests")


def leave_in_the_middle(service):
    """Read a few of the endless events, and go."""
    with httpx.stream("GET", f"{service.url}/events", timeout=60) as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(3)] == ["data: x", "", "data: x"]
        assert in_flight(service) > 0


def leave_at_once(service):
    """Ask and go without a word: a reset, where the other leaves in good order."""
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
        client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def ask(path):
    """Ask for what ends the request without an answer of the application."""

    def asking(service):
        assert httpx.get(f"{service.url}{path}", timeout=60).status_code == 500

    return asking


@pytest.mark.parametrize(
    ("client", "route", "outcome"),
    [
        pytest.param(leave_in_the_middle, "/events", ("200", None), id="endless stream, closed"),
        pytest.param(leave_at_once, "/events", ("200", None), id="endless stream, reset"),
        pytest.param(ask("/sudden"), "/sudden", (None, "SuddenError"), id="BaseException"),
        pytest.param(ask("/cancelled"), "/cancelled", (None, "CancelledError"), id="cancelled task"),
    ],
)
def test_nothing_stays_in_flight(receiver, service, client, route, outcome):
    with ThreadPoolExecutor(5) as clients:
        list(clients.map(lambda _: client(service), range(TIMES)))
    wait_until(lambda: in_flight(service) == 0)
    (counted,) = service.scrape().samples("http_server_request_duration_seconds_count")
    service.stop()
    assert (counted.labels["http_route"], counted.value) == (route, TIMES)
    assert (counted.labels.get("http_response_status_code"), counted.labels.get("error_type")) == outcome
    ends = Counter(span.attributes.get("error.type") for span in receiver.spans(f"GET {route}"))
    assert ends == {outcome[1]: TIMES}
    assert len([line for line in json_objects(service.stdout) if line.get("route") == route]) == TIMES


def test_a_stream_that_outlives_the_server_ends_with_it(receiver):
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    with (
        Service("exposed:app", APPS, environment, options=("--timeout-graceful-shutdown", "1")) as service,
        httpx.Client(timeout=60) as client,
        client.stream("GET", f"{service.url}/events") as response,
    ):
        assert next(response.iter_lines()) == "data: x"
        service.stop()
    assert [span.attributes["http.response.status_code"] for span in receiver.spans("GET /events")] == [200]
    assert [line["status_code"] for line in json_objects(service.stdout) if line.get("route") == "/events"] == [200]


def talk(service):
    """Hold a conversation of some length."""
    with connect(f"ws://127.0.0.1:{service.port}/echo") as socket:
        for number in range(200):
            socket.send(str(number))
            assert socket.recv() == str(number)


def test_conversations_are_a_span_each_and_no_requests(receiver, service):
    with ThreadPoolExecutor(5) as clients:
        list(clients.map(lambda _: talk(service), range(TIMES)))
    page = service.scrape()
    service.stop()
    assert page.value("http_server_active_requests") == 0
    assert page.samples("http_server_request_duration_seconds_count") == []
    spans = receiver.spans("HTTP /echo")
    assert Counter(span.attributes["http.response.status_code"] for span in spans) == {101: TIMES}
    events = [line for line in json_objects(service.stdout) if line.get("method") == "WEBSOCKET"]
    assert Counter(event["trace_id"] for event in events) == Counter(span.trace_id for span in spans)
