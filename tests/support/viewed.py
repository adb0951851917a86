# SPDX-License-Identifier: Apache-2.0
"""A viewer of a test's own, the services that were started with it, and what their /metrics count."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from demo.stack import CHAT_DIRECTORY
from testbed.processes import clean_environment, located
from testbed.services import Service

VIEW = ("otel-distro", "run", "--view")


class Viewer:
    """The viewer of a test, with a folder of its own."""

    def __init__(self, folder):
        self.environment = {"TMPDIR": str(folder)}
        self.place = folder / f"otel-distro-view-{os.getuid()}" / "viewer.json"

    @property
    def about(self):
        return json.loads(self.place.read_text())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.about['port']}"

    def ask(self, path, method="GET"):
        headers = {"Authorization": f"Bearer {self.about['secret']}"}
        return httpx.request(method, f"{self.url}/api/{path}", headers=headers, timeout=30).json()

    def wait_for(self, path, predicate, timeout=60):
        deadline = time.monotonic() + timeout
        while not predicate(found := self.ask(path)):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def run(self, *arguments):
        command = [located("otel-distro"), "view", *arguments]
        return subprocess.run(
            command, env=clean_environment(self.environment), capture_output=True, text=True, timeout=60, check=False
        )

    def kill(self, number=signal.SIGTERM):
        with contextlib.suppress(OSError, ValueError):
            pid = self.about["pid"]
            os.kill(pid, number)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and runs(pid):
                time.sleep(0.05)


def runs(pid):
    """Whether a process runs; in a container nobody may reap what has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def viewer_of_its_own() -> Iterator[Viewer]:
    """One that nobody else joins, ended at the end of the block; its services start it."""
    with tempfile.TemporaryDirectory() as folder:
        found = Viewer(Path(folder))
        yield found
        found.kill()


def chat(viewer, options=(), **environment):
    variables = {"OTEL_SERVICE_NAME": "chat_api", **viewer.environment, **environment}
    return Service("chat_api:app", CHAT_DIRECTORY, variables, launcher=VIEW, options=options, timeout=90)


def inference(viewer):
    variables = {"OTEL_SERVICE_NAME": "inference", **viewer.environment}
    return Service("inference:app", CHAT_DIRECTORY, variables, launcher=VIEW, timeout=90)


def count_of(found, route):
    return sum(row["count"] for row in found if row["route"] == route)


def metrics_count(service, route):
    """Return how many requests of a route /metrics has counted, all workers added up."""
    name = "http_server_request_duration_seconds_count"
    return int(service.scrape().value(name, http_route=route))


def cells_count(found):
    """Return how many observations a heatmap of the viewer shows."""
    return round(sum(sum(column) for column in found.get("cells", [])))
