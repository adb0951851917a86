# SPDX-License-Identifier: Apache-2.0
"""Run a variant's server on one core, load it from another, and read what it spent."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from variants import Variant, folder

APPS = Path(__file__).parent / "apps"
SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 60
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Load:
    """What one round of load showed: CPU microseconds per request, requests per second, latency in milliseconds."""

    cpu: float
    rate: float
    p50: float
    p99: float


@dataclass
class Server:
    """A running variant."""

    process: subprocess.Popen[bytes]
    port: int
    started_seconds: float

    def cpu_seconds(self) -> float:
        """Return what all threads have spent on a core so far."""
        stats = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9

    def resident_bytes(self) -> int:
        """Return the resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def load(self, seconds: int, connections: int) -> Load:
        """Send as many requests as it takes for `seconds`."""
        before = self.cpu_seconds()
        url = f"http://127.0.0.1:{self.port}/items/7"
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        spent = self.cpu_seconds() - before
        requests = int(re.search(r"(\d+) requests in", said)[1])
        if "Non-2xx" in said or not requests:
            raise RuntimeError(said)
        return Load(spent / requests * 1e6, requests / seconds, _latency("50%", said), _latency("99%", said))


def _latency(percentile: str, said: str) -> float:
    match = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", said)
    return float(match[1]) * _UNITS[match[2]]


@contextlib.contextmanager
def serving(variant: Variant, sink_port: int) -> Iterator[Server]:
    """Start a variant's server, wait until it answers, and stop it at the end."""
    port = free_port()
    binaries = folder(variant) / "bin"
    launcher = [str(binaries / word) for word in variant.launcher]
    command = [*launcher, str(binaries / "uvicorn"), "bench_app:app", "--port", str(port), "--no-access-log"]
    variables = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "OTEL_SERVICE_NAME": "bench",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        **variant.variables,
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command],
        cwd=APPS,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield Server(process, port, time.monotonic() - begun)
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {process.args}")
