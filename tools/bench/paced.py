# SPDX-License-Identifier: Apache-2.0
"""Send requests at fixed times, whatever the server does, and time each answer from when its request was due.

A sender that waits for an answer before it sends on leaves out just the requests that a stalled server would have kept
waiting ("coordinated omission"): its percentiles are too good. wrk is one; it cannot be told a rate either.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import select
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from urllib.parse import urlsplit

from bench.load import CONNECTIONS, Load
from bench.servers import LOAD_CORE, Server
from bench.variants import TOOLS

PATIENCE_SECONDS = 30
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def pace(server: Server, rate: int, seconds: int) -> Load:
    """Load a server with so many requests per second, from a process of its own."""
    before = server.cpu_seconds()
    command = ["taskset", "-c", LOAD_CORE, sys.executable, "-m", "bench.paced", server.url, str(rate), str(seconds)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=TOOLS).stdout)
    spent = server.cpu_seconds() - before
    return Load(spent / (rate * seconds) * 1e6, said["p50"], said["p99"])


class Connection:
    """A connection that waits for at most one answer."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._socket = socket.create_connection((host, port), PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        self._answer = b""
        self.due = 0.0

    def fileno(self) -> int:
        """Return what `select` waits for."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def send(self, due: float) -> None:
        """Send a request that was due at this time."""
        self.due, self._answer = due, b""
        self._socket.sendall(self._request)

    def answered(self) -> bool:
        """Read what is there, and say whether the answer is complete."""
        received = self._socket.recv(65536)
        self._answer += received
        head, _, body = self._answer.partition(b"\r\n\r\n")
        if not received or not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"not an answer: {head!r}")
        length = _LENGTH.search(head)
        return length is not None and len(body) == int(length[1])


def send(url: str, rate: int, seconds: int) -> list[float]:
    """Send on schedule; return the seconds from when each request was due until its answer was there."""
    where = urlsplit(url)
    with contextlib.ExitStack() as stack:
        connections = [Connection(where.hostname or "", where.port or 80, where.path) for _ in range(CONNECTIONS)]
        for connection in connections:
            stack.callback(connection.close)
        start = time.perf_counter()
        return _answered(connections, [start + number / rate for number in range(rate * seconds)])


def _answered(idle: list[Connection], schedule: list[float]) -> list[float]:
    """Send each request when it is due, or when a connection is free again; time all from when they were due."""
    busy: list[Connection] = []
    taken: list[float] = []
    waiting = deque(schedule)
    while len(taken) < len(schedule):
        now = time.perf_counter()
        if waiting and waiting[0] <= now and idle:
            busy.append(idle.pop())
            busy[-1].send(waiting.popleft())
            continue
        patience = max(0.0, waiting[0] - now) if waiting and idle else PATIENCE_SECONDS
        readable, _, _ = select.select(busy, [], [], patience)  # unlike epoll's, its patience is not whole milliseconds
        if not readable and patience == PATIENCE_SECONDS:
            raise TimeoutError(f"{len(busy)} requests are not answered")
        for connection in (each for each in readable if each.answered()):
            taken.append(time.perf_counter() - connection.due)
            busy.remove(connection)
            idle.append(connection)
    return taken


def main() -> None:
    """Send, and print the percentiles in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("rate", type=int)
    parser.add_argument("seconds", type=int)
    options = parser.parse_args()
    percentiles = statistics.quantiles(send(options.url, options.rate, options.seconds), n=100, method="inclusive")
    print(json.dumps({"p50": percentiles[49] * 1e3, "p99": percentiles[98] * 1e3}))


if __name__ == "__main__":
    main()
