# SPDX-License-Identifier: Apache-2.0
"""Tests of a service that ask what it tells of itself: `pytest examples/chat`."""

import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx

from otel_distro.testing import Receiver, json_lines


def test_a_request_is_a_span_and_is_counted(client, telemetry):
    assert client.get("/rooms/none/messages").status_code == 404
    (span,) = telemetry.spans("GET /rooms/{room}/messages")
    assert (span.kind, span.service, span.attributes["http.response.status_code"]) == ("SERVER", "chat_api", 404)
    newest = telemetry.metrics("http.server.request.duration")[-1]
    (of_route,) = [point for point in newest.points if point.attributes["http.route"] == "/rooms/{room}/messages"]
    assert of_route.count == 1


def test_a_line_stands_inside_the_trace_of_its_request(client, telemetry):
    answer = client.post("/rooms/lobby/messages", json={"text": "hello", "user_id": "ada"})  # nobody answers there
    assert answer.status_code == 500
    (line,) = telemetry.lines("message received", room="lobby")
    (span,) = telemetry.spans("POST /rooms/{room}/messages")
    (record,) = telemetry.logs("message received")
    assert line["trace_id"] == span.trace_id == record.trace_id
    assert (span.status, span.events[0].attributes["exception.type"]) == ("ERROR", "httpx.ConnectError")


def test_the_service_as_it_is_started(tmp_path):
    with Receiver() as receiver, served(receiver, tmp_path / "output") as url:
        answer = httpx.delete(f"{url}/rooms/lobby", timeout=60)
        (span,) = receiver.wait_for(lambda found: found.spans("DELETE /rooms/{room}"), timeout=30)
    assert answer.headers["X-Trace-Id"] == span.trace_id
    lines = json_lines((tmp_path / "output").read_text())
    (failure,) = [line for line in lines if line["level"] == "error"]
    assert failure["error"] == "RuntimeError: cannot delete lobby: the archive is not mounted"


@contextmanager
def served(receiver, output):
    with socket.socket() as listener:  # handed on, so that nobody waits for a port
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        descriptor, port = listener.fileno(), listener.getsockname()[1]
        command = ["opentelemetry-instrument", "uvicorn", "chat_api:app", "--fd", str(descriptor)]
        variables = {**os.environ, **receiver.environment, "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
        with output.open("w") as file:
            service = subprocess.Popen(
                command, env=variables, cwd=Path(__file__).parent, stdout=file, pass_fds=[descriptor]
            )
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                service.terminate()
                service.wait(30)
