# SPDX-License-Identifier: Apache-2.0
"""What one round of load shows, and the load that saturates a server."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from bench.servers import LOAD_CORE, Server

CONNECTIONS = 16
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """CPU microseconds per request, and latencies in milliseconds."""

    cpu: float
    p50: float
    p99: float


def saturate(server: Server, seconds: float) -> Load:
    """Send as many requests as the server can take, for so many seconds."""
    before = server.cpu_seconds()
    # wrk counts whole seconds; an interrupt ends it sooner, with its report. It looks every tenth of a second.
    command = ["timeout", "--preserve-status", "-s", "INT", str(seconds), "taskset", "-c", LOAD_CORE]
    command += ["wrk", "-t1", f"-c{CONNECTIONS}", "-d1h", "--latency", server.url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = server.cpu_seconds() - before
    requests = int(_found(r"(\d+) requests in", said)[1])
    if "Non-2xx" in said or not requests:
        raise RuntimeError(said)
    return Load(spent / requests * 1e6, _latency("50%", said), _latency("99%", said))


def _latency(percentile: str, said: str) -> float:
    match = _found(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", said)
    return float(match[1]) * _UNITS[match[2]]


def _found(pattern: str, said: str) -> re.Match[str]:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(f"wrk said nothing that matches {pattern}: {said}")
    return match
