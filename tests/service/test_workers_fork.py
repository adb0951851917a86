# SPDX-License-Identifier: Apache-2.0
"""Processes that the application starts itself: os.fork, multiprocessing, other services, helpers."""

import json
import subprocess
import sys

import pytest
from support.fleet import APPS, Fleet
from testbed.processes import clean_environment, free_port, located, run
from testbed.services import LAUNCHER


def test_a_forked_child_counts_its_own_and_nothing_of_its_parent():
    with Fleet("uvicorn workers") as fleet:
        fleet.send(50)
        fleet.send(5, "/fork")
        counted = fleet.counted()
        # They ended by os._exit within a second: what only they could tell may be lost, never counted twice.
        assert 50 <= counted.pop("prometheus_client") <= 55
        assert counted == {"http": 50, "otel": 55, "histogram": 50}
        assert fleet.scrape().value("http_server_request_duration_seconds_count", http_route="/fork") == 5
        assert fleet.troubles() == []


MULTIPROCESSING = """
import multiprocessing, sys, time, urllib.request
from opentelemetry import metrics
import prometheus_client

orders = metrics.get_meter("script").create_counter("orders")
items = prometheus_client.Counter("items_created", "Items.")

def work(count):
    for _ in range(count):
        orders.add(1)
        items.inc()

if __name__ == "__main__":
    work(10)
    context = multiprocessing.get_context(sys.argv[1])
    children = [context.Process(target=work, args=(100,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    port = sys.argv[2]
    for _ in range(100):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        found = lines["orders_total"], lines["items_created_total"]
        if found == ("410.0", "410.0"):
            break
        time.sleep(0.05)
    print(*found)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_are_counted(method, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(MULTIPROCESSING)
    port = str(free_port())
    environment = {"OTEL_EXPORTER_PROMETHEUS_PORT": port, "OTEL_TRACES_EXPORTER": "none"}
    done = run([LAUNCHER, "python", str(program), method, port], environment, tmp_path, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "410.0 410.0\n", "")


FORK = """
import os
child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""


def test_a_script_that_forks_is_not_warned_of_threads_that_it_did_not_start(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(FORK)
    environment = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()), "OTEL_TRACES_EXPORTER": "none"}
    done = run([LAUNCHER, "python", str(program)], environment, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


NESTED = """
import json, os, subprocess, sys, urllib.request
environment = dict(os.environ, OTEL_SERVICE_NAME="inner", OTEL_EXPORTER_PROMETHEUS_PORT=sys.argv[2])
inner = subprocess.Popen([sys.executable, "-c", "input()"], env=environment, stdin=subprocess.PIPE)
names = {}
for port in sys.argv[1:]:
    for _ in range(200):
        try:
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
            break
        except OSError:
            __import__("time").sleep(0.05)
    names[port] = next(line for line in page.splitlines() if line.startswith("target_info"))
inner.communicate(b"\\n")
print(json.dumps(list(names.values())))
"""


def test_a_nested_service_has_an_admin_port_of_its_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(NESTED)
    ports = [str(free_port()), str(free_port())]
    environment = {"OTEL_SERVICE_NAME": "outer", "OTEL_EXPORTER_PROMETHEUS_PORT": ports[0]}
    environment["OTEL_TRACES_EXPORTER"] = "none"
    done = run([LAUNCHER, "python", str(program), *ports], environment, tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    outer, inner = json.loads(done.stdout)
    assert 'service_name="outer"' in outer
    assert 'service_name="inner"' in inner


def test_two_services_side_by_side_have_each_its_own_metrics():
    with Fleet("uvicorn workers") as one, Fleet("gunicorn asgi") as other:
        one.send(40)
        other.send(60)
        assert one.counted()["http"] == 40
        assert other.counted()["http"] == 60
        assert set(one.pids()).isdisjoint(other.pids())


def test_a_helper_child_binds_and_registers_nothing(tmp_path):
    with Fleet("uvicorn") as fleet:
        environment = {"OTEL_SERVICE_NAME": "counted", "OTEL_EXPORTER_PROMETHEUS_PORT": fleet.admin_url.rsplit(":")[-1]}
        command = [located(LAUNCHER), sys.executable, "-m", "pip", "--version"]
        done = subprocess.run(command, env=clean_environment(environment), capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert fleet.pids() == []


def test_the_application_runs_where_nothing_can_be_written(tmp_path):
    """No file is made: neither in the working directory nor in the temporary one."""
    environment = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    before = sorted(path for path in APPS.rglob("*") if "__pycache__" not in path.parts)
    with Fleet("uvicorn workers", environment=environment) as fleet:
        fleet.send(20)
        assert fleet.counted()["http"] == 20
        assert list(tmp_path.iterdir()) == []
    assert sorted(path for path in APPS.rglob("*") if "__pycache__" not in path.parts) == before
