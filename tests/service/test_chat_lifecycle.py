# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping an example service: what it prints, and that nothing is lost."""

import signal

import httpx
import pytest
from demo.stack import CHAT_DIRECTORY
from testbed.processes import Process, json_objects, run
from testbed.services import Service


def inference(receiver, **environment):
    variables = {"OTEL_SERVICE_NAME": "inference", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **environment}
    return Service("inference:app", CHAT_DIRECTORY, variables)


def generate(service, prompt="hello"):
    return httpx.post(f"{service.url}/generate", json={"prompt": prompt}, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_service_delivers_every_span_first(receiver, number):
    """The batch would leave in a minute: only the flush at the end of the process can deliver it."""
    with inference(receiver, OTEL_BSP_SCHEDULE_DELAY="60000") as service:
        codes = [generate(service).status_code for _ in range(20)]
        early = len(receiver.spans())
        service.stop(number)
    assert codes == [200] * 20
    assert early == 0
    assert len(receiver.spans("POST /generate")) == 20


def test_every_line_of_output_is_json_and_one_of_them_is_the_start_up_line(receiver):
    with inference(receiver) as service:
        generate(service)
        service.stop()
    lines = json_objects(service.stdout)
    assert len(lines) == len(service.stdout) > 2
    assert {line["service"] for line in lines} == {"inference"}
    assert sum(line["logger"] == "otel_distro" for line in lines) == 1
    assert service.stderr == []


def test_a_script_prints_nothing():
    ended = run(["opentelemetry-instrument", "python", "-c", "pass"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_script_prints_nothing_but_its_own_lines():
    ended = run(["opentelemetry-instrument", "python", "-c", "print('mine')"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "mine\n", "")


def test_a_service_stops_in_time_without_a_collector():
    with Service("inference:app", CHAT_DIRECTORY, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}) as service:
        assert generate(service).status_code == 200
        service.stop(timeout=8)
    outage, count = [line["message"] for line in json_objects(service.stdout) if line["level"] == "warning"]
    assert outage.startswith("cannot export traces to http://127.0.0.1:9/v1/traces: ")
    assert count.startswith("1 record of traces was not delivered")


def test_delivery_goes_on_when_the_collector_comes_back(receiver):
    with inference(receiver, OTEL_BSP_SCHEDULE_DELAY="100") as service:
        port = receiver.port
        receiver.close()
        generate(service, "while it is away")
        service.wait_for(lambda p: any(line["level"] == "warning" for line in json_objects(p.stdout)), timeout=20)
        with type(receiver)(port) as again:
            again.wait_for(lambda r: r.spans("POST /generate"), timeout=30)


def test_importing_the_package_has_no_side_effect():
    code = (
        "import os, sys, threading, logging, signal\n"
        "before = (dict(os.environ), threading.active_count(), list(logging.getLogger().handlers), signal.getsignal(15))\n"
        "import otel_distro\n"
        "after = (dict(os.environ), threading.active_count(), list(logging.getLogger().handlers), signal.getsignal(15))\n"
        "print(before == after, *(name for name in ('opentelemetry.sdk', 'structlog', 'fastapi') if name in sys.modules))"
    )
    ended = run(["python", "-c", code])
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "True", "")


def test_a_disabled_distribution_is_not_there(receiver):
    with inference(receiver, OTEL_SDK_DISABLED="true") as service:
        response = generate(service)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{service.admin_url}/metrics", timeout=60)
        service.stop()
    assert response.status_code == 200
    assert "x-trace-id" not in response.headers
    assert receiver.requests() == []


def test_the_launcher_keeps_the_exit_code(receiver):
    with Process(["opentelemetry-instrument", "python", "-c", "raise SystemExit(7)"]) as program:
        assert program.wait() == 7
