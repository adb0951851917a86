# SPDX-License-Identifier: Apache-2.0
"""A service of one or several processes, under every server that the tests know."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from testbed.processes import Process, free_port
from testbed.scrape import OPENMETRICS, Scrape, scrape
from testbed.services import LAUNCHER

APPS = Path(__file__).parent / "apps"
REQUESTS = "http_server_request_duration_seconds_count"
_GUNICORN = ("gunicorn", "-b", "127.0.0.1:{port}", "--graceful-timeout", "5")
_UVICORN = ("uvicorn", "--host", "127.0.0.1", "--port", "{port}")

SERVERS: Mapping[str, Sequence[str]] = {
    "uvicorn": _UVICORN,
    "uvicorn workers": (*_UVICORN, "--workers", "3"),
    "uvicorn reload": (*_UVICORN, "--reload"),
    "gunicorn uvicorn": (*_GUNICORN, "-w", "3", "-k", "uvicorn.workers.UvicornWorker"),
    "gunicorn preload": (*_GUNICORN, "-w", "3", "-k", "uvicorn.workers.UvicornWorker", "--preload"),
    "gunicorn asgi": (*_GUNICORN, "-w", "3", "-k", "asgi"),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "-w", "3"),
    "granian": ("granian", "--interface", "asgi", "--port", "{port}", "--workers", "3", "--respawn-failed-workers"),
}
# How many processes serve; the others are one.
WORKERS = {name: 3 if "3" in command else 1 for name, command in SERVERS.items()}


class Fleet(Process):
    """A served application that tests count on; the end of a `with` block stops it.

    Args:
        server: One of SERVERS.
        application: As the server names it.
        options: More arguments for the server.
        environment: Variables beside those that every test needs.
        directory: Where the module lies.
    """

    def __init__(
        self,
        server: str,
        application: str = "counted:app",
        *,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        directory: Path = APPS,
    ) -> None:
        self.port = free_port()
        variables = {
            "OTEL_SERVICE_NAME": "counted",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_DISTRO_ACCESS_LOG": "false",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
            "PYTHONPATH": str(directory),
            **(environment or {}),
        }
        self.admin_url = f"http://127.0.0.1:{variables['OTEL_EXPORTER_PROMETHEUS_PORT']}"
        command = [part.format(port=self.port) for part in SERVERS[server]]
        super().__init__([LAUNCHER, *command, *options, application], variables, directory)
        try:
            self.wait_for_port(self.port, timeout=40)
            self.wait_for_workers(WORKERS[server])
        except BaseException:
            self.kill()
            raise

    def get(self, path: str, *, timeout: float = 15.0) -> dict[str, Any]:
        """Send one request over a connection of its own, and return the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            return json.loads(answer.read())
        finally:
            connection.close()

    def send(self, count: int, path: str = "/count") -> set[int]:
        """Send so many requests, four at a time; return the pids that have answered."""
        with ThreadPoolExecutor(4) as pool:
            return {answer["pid"] for answer in pool.map(lambda _: self.get(path), range(count))}

    def scrape(self, accept: str = OPENMETRICS) -> Scrape:
        """Read /metrics."""
        return scrape(self.admin_url, accept)

    def counted(self, page: Scrape | None = None) -> dict[str, float]:
        """Return what each origin of metrics has counted of /count."""
        page = page or self.scrape()
        return {
            "http": page.value(REQUESTS, http_route="/count"),
            "otel": page.value("orders_total"),
            "prometheus_client": page.value("items_created_total"),
            "histogram": page.value("llm_api_latency_seconds_count", model="small"),
        }

    def workers(self, state: str = "serving") -> int:
        """Return how many processes are in a state."""
        return int(self.scrape().value("otel_distro_workers", state=state))

    def pids(self) -> list[int]:
        """Return the processes that have registered."""
        return [worker["pid"] for worker in self.health()["workers"].values()]

    def health(self) -> dict[str, Any]:
        """Return what /health says."""
        return self.health_answer()[1]

    def health_answer(self) -> tuple[int, dict[str, Any]]:
        """Return status and body of /health."""
        connection = http.client.HTTPConnection(self.admin_url.removeprefix("http://"), timeout=10)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many event loops turn."""
        self.until(lambda: self._serving() >= count, f"{count} serving processes")

    def until(self, probe: Callable[[], Any], what: str, timeout: float = 60.0) -> None:
        """Wait until the probe says true."""
        deadline = time.monotonic() + timeout
        while not _true(probe):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {what}; exit code {self.exit_code}, output:\n{self.output}")
            time.sleep(0.05)

    def kill_alone(self) -> None:
        """Kill the first process of the service, and nobody else."""
        self.send_signal(signal.SIGKILL)
        self._process.wait()

    def troubles(self) -> list[str]:
        """Return the lines that no healthy service writes."""
        words = ("Traceback", "internal fault", "Exception ignored", '"level":"error"', "ResourceWarning", "BrokenPipe")
        return [line for line in [*self.stdout, *self.stderr] if any(word in line for word in words)]

    def _serving(self) -> int:
        workers = self.health().get("workers")  # not told without the token
        return sum(worker["state"] == "serving" for worker in workers.values()) if workers else 1


def _true(probe: Callable[[], Any]) -> bool:
    try:
        return bool(probe())
    except OSError:
        return False


def kill(pid: int, number: int) -> None:
    """Send a signal to one process."""
    os.kill(pid, number)
