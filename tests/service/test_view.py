# SPDX-License-Identifier: Apache-2.0
"""`otel-distro run --view`: a viewer of one's own that sees what was sent, keeps strangers out, and costs nothing when it dies."""

import http.client
import json
import signal
import subprocess
import sys

import httpx
import pytest
from support.viewed import chat, count_of, inference, viewer_of_its_own
from testbed.otlp_receiver import OtlpReceiver, Respond
from testbed.processes import clean_environment, free_port, located

MESSAGE = {"text": "hello", "user_id": "ada"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def viewer():
    with viewer_of_its_own() as found:
        yield found


def test_two_services_are_one_trace_with_its_lines_and_the_link_works_once(viewer):
    with inference(viewer) as callee, chat(viewer, INFERENCE_URL=callee.url) as caller:
        assert httpx.post(f"{caller.url}/rooms/lobby/messages", json=MESSAGE, timeout=30).status_code == 200
        assert httpx.delete(f"{caller.url}/rooms/lobby", timeout=30).status_code == 500
        viewer.wait_for(
            "routes", lambda found: count_of(found, "POST /generate") == count_of(found, "DELETE /rooms/{room}") == 1
        )
        (request,) = viewer.ask("requests?route=POST%20/rooms/{room}/messages")
        trace = viewer.wait_for(f"trace?id={request['trace_id']}", lambda found: len(found["logs"]) == 4)
        links = [line.removeprefix("view  ") for line in caller.stderr if line.startswith("view  ")]
        assert len(links) == 1
        assert [httpx.get(links[0], timeout=60).status_code for _ in range(2)] == [303, 401]
        printed = viewer.run("trace", request["trace_id"]).stdout
        failed = json.loads(viewer.run("requests", "--json").stdout.splitlines()[0])
    assert trace["services"] == ["chat_api", "inference"]
    assert [span["name"] for span in trace["spans"]] == [
        "POST /rooms/{room}/messages",
        "moderate",
        "POST",
        "POST /generate",
    ]
    assert [line["body"] for line in trace["logs"]][:2] == ["message received", "answer generated"]
    assert "answer generated" in printed
    assert (failed["route"], failed["errors"]) == ("DELETE /rooms/{room}", 1)


def test_the_viewer_counts_what_metrics_count_and_what_was_sent_under_workers(viewer):
    with chat(viewer, ("--workers", "4"), OTEL_EXPORTER_PROMETHEUS_PORT=str(free_port())) as service:
        with httpx.Client(timeout=60) as client:
            statuses = [client.get(f"{service.url}/rooms/none/messages").status_code for _ in range(120)]
        assert statuses == [404] * 120
        route = "GET /rooms/{room}/messages"
        assert count_of(viewer.wait_for("routes", lambda found: count_of(found, route) >= 120), route) == 120
        text = httpx.get(f"{service.admin_url}/metrics", timeout=30).text
        counted = [line for line in text.splitlines() if line.startswith("http_server_request_duration_seconds_count{")]
        assert sum(float(line.rpartition(" ")[2]) for line in counted if '"/rooms/{room}/messages"' in line) == 120
        name = "metric?name=http_server_request_duration_seconds"
        seen = viewer.wait_for(name, lambda found: sum(sum(c) for c in found.get("cells", [])) >= 120)
        assert sum(sum(column) for column in seen["cells"]) == 120


def test_a_collector_that_is_configured_gets_every_byte_and_its_answer_is_the_services(viewer):
    with OtlpReceiver() as collector:
        headers = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
        with chat(viewer, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **headers) as service:
            collector.fail_with(Respond(503), times=1)
            assert httpx.get(f"{service.url}/rooms/none/messages", timeout=30).status_code == 404
            spans = collector.wait_for(lambda found: found.spans(), timeout=60)
            shown = viewer.wait_for("routes", lambda found: count_of(found, "GET /rooms/{room}/messages") == 1)
        requests = collector.requests("traces")
    assert [span.name for span in spans] == ["GET /rooms/{room}/messages"]
    assert (len(requests), requests[0].size) == (2, requests[1].size)  # refused once: the service itself sent it again
    assert requests[0].headers["authorization"] == "Bearer abc"
    assert requests[0].headers["content-encoding"] == "gzip"
    assert collector.requests("logs") == []  # nobody has asked for these there
    assert count_of(shown, "GET /rooms/{room}/messages") == 1


def test_a_viewer_that_is_killed_costs_the_service_nothing(viewer):
    with chat(viewer) as service:
        viewer.kill(signal.SIGKILL)
        with httpx.Client(timeout=30) as client:
            assert [client.get(f"{service.url}/rooms/none/messages").status_code for _ in range(50)] == [404] * 50
        assert service.stop() in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "KUBERNETES_SERVICE_HOST is set"),
        ({"ENVIRONMENT": "Production"}, "ENVIRONMENT='production'"),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT='staging'"),
    ],
)
def test_no_viewer_where_users_data_is(variables, reason, viewer):
    viewer.environment.update(variables)
    refused = viewer.run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert reason in refused.stderr
    command = [located("otel-distro"), "run", "--view", sys.executable, "-c", "print('ran')"]
    ran = subprocess.run(
        command, env=clean_environment(viewer.environment), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "ran\n")
    assert f"otel-distro run --view: {reason}" in ran.stderr
    assert not viewer.place.exists()


SHOWN = """
import os, sys
print(os.getpid(), any(name.startswith("otel_distro.view") for name in sys.modules))
try:
    print("a child:", os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


def test_the_command_keeps_its_process_has_no_child_and_never_imports_the_viewer(viewer):
    command = [located("otel-distro"), "run", "--view", sys.executable, "-c", SHOWN]
    process = subprocess.Popen(command, env=clean_environment(viewer.environment), stdout=subprocess.PIPE, text=True)
    assert process.communicate(timeout=90)[0] == f"{process.pid} False\nno child\n"
    assert process.returncode == 0


def test_strangers_may_not_ask_and_what_they_send_breaks_nothing(viewer):
    with subprocess.Popen(
        [located("otel-distro"), "run", "--view", "true"], env=clean_environment(viewer.environment)
    ) as started:
        assert started.wait(90) == 0
    port, secret = viewer.about["port"], viewer.about["secret"]

    def answer(method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            return connection.getresponse().status
        finally:
            connection.close()

    known = {"Authorization": f"Bearer {secret}"}
    assert answer("GET", "/api/routes", **known) == 200
    assert answer("GET", "/api/routes", **known, Host="evil.example") == 421  # DNS rebinding
    assert answer("GET", "/api/routes", **known, Origin="http://evil.example") == 403
    assert [answer("GET", path) for path in ("/", "/api/routes", "/live", "/main.js", "/?t=guess")] == [401] * 5
    assert answer("GET", "/api/routes", Cookie=f"otel_distro_view_{port}=guess") == 401
    assert answer("GET", "/..%2f__init__.py", **known) == 404
    assert answer("GET", "/api/requests?order=x", **known) == 400
    assert answer("GET", "/api/logs?limit=1e400", **known) in (400, 500)
    assert answer("POST", "/v1/traces", b"x", Content_Type="text/plain") == 415
    assert answer("POST", "/v1/traces", b"nonsense", **PROTOBUF) == 400
    assert answer("POST", "/v1/traces", b"nonsense", **PROTOBUF, Content_Encoding="gzip") == 400
    assert answer("POST", "/v1/traces", b"{", Content_Type="application/json") == 400
    assert answer("POST", "/v1/profiles", b"", **PROTOBUF) == 404
    assert answer("POST", "/tee/guess/v1/traces", b"", **PROTOBUF) == 503
    assert answer("POST", "/v1/traces", b"\0" * (16 * 2**20 + 1), **PROTOBUF) == 413
    assert answer("GET", "/api/routes", **known) == 200
    mode = viewer.place.stat().st_mode & 0o777, viewer.place.parent.stat().st_mode & 0o777
    assert mode == (0o600, 0o700)
    assert len(list(viewer.place.parents[1].glob("otel-distro-view-store-*"))) == 1
    viewer.kill()
    assert list(viewer.place.parents[1].glob("otel-distro-view-store-*")) == []
    assert not viewer.place.exists()
