# SPDX-License-Identifier: Apache-2.0
"""Run a variant's server on a core of its own, and read what it spent."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbed.processes import free_port

from bench.variants import Variant, folder

APPS = Path(__file__).parent / "apps"
SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 60
# A batch leaves when it is full, as it does under load anyway, never because time is up: what a load leaves behind waits
# for the server's next load, instead of being sent, uncounted, while another server is loaded.
FULL_BATCHES = {"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_BLRP_SCHEDULE_DELAY": "3600000"}


@dataclass
class Server:
    """A running variant."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Return what is asked for."""
        return f"http://127.0.0.1:{self.port}/items/7"

    def cpu_seconds(self) -> float:
        """Return what all threads have spent on a core so far."""
        stats = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9

    def resident_bytes(self) -> int:
        """Return the resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def serving(variant: Variant, setup: str, sink_port: int, routes: int = 0) -> Iterator[Server]:
    """Start a variant's server, whose application logs by a set-up, wait until it answers, and stop it at the end.

    Args:
        variant: how it is run.
        setup: how the application logs.
        sink_port: where the collector is.
        routes: so many stand before the one that is asked for.
    """
    port = free_port()
    binaries = folder(variant) / "bin"
    launcher = [str(binaries / word) for word in variant.launcher]
    command = [*launcher, str(binaries / "uvicorn"), "bench_app:app", "--port", str(port), "--no-access-log"]
    variables = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "BENCH_LOGS": setup,
        "BENCH_ROUTES": str(routes),
        "OTEL_SERVICE_NAME": "bench",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        **FULL_BATCHES,
        **variant.variables,
    }
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command],
        cwd=APPS,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {process.args!r}")
