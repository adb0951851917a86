# SPDX-License-Identifier: Apache-2.0
"""What the viewer counts is what /metrics counts and what was sent: under reload, kill, two services, many senders at once."""

import collections
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.viewed import VIEW, cells_count, chat, count_of, inference, metrics_count, viewer_of_its_own
from testbed.services import Service
from testbed.waiting import wait_until

DURATION = "metric?name=http_server_request_duration_seconds&minutes=60"


@pytest.fixture
def viewer():
    with viewer_of_its_own() as found:
        yield found


def send(url, count, statuses):
    """Send so many requests, each by a connection of its own."""
    statuses.update(httpx.get(url, timeout=60).status_code for _ in range(count))


def agreed(viewer, service, route, count):
    """Wait until the viewer has seen so many requests; return its count, /metrics' and its heatmap's: all the same."""
    path = route.partition(" ")[2]
    routes = viewer.wait_for("routes", lambda found: count_of(found, route) >= count)
    seen = viewer.wait_for(f"{DURATION}&http_route={path}", lambda found: cells_count(found) >= count)
    return count_of(routes, route), metrics_count(service, path), cells_count(seen)


SERVED = """
import os
from fastapi import FastAPI
app = FastAPI()
@app.get("/version")
def version() -> dict[str, int]:
    return {{"version": {version}, "pid": os.getpid()}}
"""


def edited(folder, version):
    (folder / "served.py").write_text(SERVED.format(version=version))


def test_a_reload_loses_nothing_and_is_a_mark_between_before_and_after(viewer, tmp_path):
    edited(tmp_path, 1)
    variables = {"OTEL_SERVICE_NAME": "edited", **viewer.environment}
    with Service("served:app", tmp_path, variables, launcher=VIEW, options=("--reload",), timeout=90) as service:
        url, statuses = f"{service.url}/version", collections.Counter()
        send(url, 30, statuses)
        viewer.wait_for("routes", lambda found: count_of(found, "GET /version") == 30)
        edited_at = time.time() * 1000
        edited(tmp_path, 2)
        wait_until(lambda: version_of(url, statuses) == 2, 60)
        send(url, 20, statuses)
        sent = statuses.total()
        assert statuses == {200: sent}
        assert agreed(viewer, service, "GET /version", sent) == (sent,) * 3
        compared = viewer.ask("compare")
    (row,) = compared["routes"]
    assert row["before"]["count"] + row["after"]["count"] == sent
    assert (row["before"]["count"] >= 30, row["after"]["count"] >= 20) == (True, True)
    assert [mark["service"] for mark in compared["starts"] if mark["time_ms"] > edited_at] == ["edited"]


def version_of(url, statuses):
    """Ask for the version, which is a request as any other; 0 if the one that took the connection has just ended."""
    try:
        answer = httpx.get(url, timeout=60)
    except httpx.TransportError:
        return 0
    statuses[answer.status_code] += 1
    return answer.json()["version"]


def test_a_worker_that_is_killed_takes_nothing_with_it_that_had_left(viewer):
    with chat(viewer, ("--workers", "3")) as service:
        url, route, statuses = f"{service.url}/rooms/none/messages", "GET /rooms/{room}/messages", collections.Counter()
        send(url, 60, statuses)
        viewer.wait_for("routes", lambda found: count_of(found, route) == 60)
        killed = workers_of(service)[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: killed not in (found := workers_of(service)) and len(found) == 3, 60)
        send(url, 60, statuses)
        assert statuses == {404: 120}
        assert agreed(viewer, service, route, 120) == (120,) * 3


def workers_of(service):
    """Return the processes that answer for the supervisor: those of its children that write /metrics with it."""
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"spawn_main" in command]


def test_two_services_and_many_senders_at_once_are_counted_apart(viewer):
    with inference(viewer) as callee, chat(viewer, INFERENCE_URL=callee.url) as caller:
        statuses = collections.Counter()

        def talk(room):
            with httpx.Client(timeout=60) as client:
                for number in range(25):
                    body = {"text": f"message {number}", "user_id": "ada"}
                    statuses[client.post(f"{caller.url}/rooms/{room}/messages", json=body).status_code] += 1

        with ThreadPoolExecutor(4) as pool:
            assert len(list(pool.map(talk, ("a", "b", "c", "d")))) == 4
        assert statuses == {200: 100}
        assert agreed(viewer, caller, "POST /rooms/{room}/messages", 100)[:2] == (100, 100)
        assert agreed(viewer, callee, "POST /generate", 100)[:2] == (100, 100)
        traces = {item["trace_id"] for item in viewer.ask("requests?route=POST%20/generate&limit=1000")}
        spans = viewer.ask("overview")["spans"]
        lines = viewer.ask("logs?q=received&limit=1000")
    assert (len(traces), len(lines), len({line["trace_id"] for line in lines})) == (100, 100, 100)
    assert spans == 400  # of each request the caller's, its own span, its call, and the callee's
