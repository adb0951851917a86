# SPDX-License-Identifier: Apache-2.0
"""A server program that can be started, asked over HTTP, killed and started again with the same state."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from testbed.processes import Process

REPOSITORY = Path(__file__).parents[2]
POLL_SECONDS = 0.05
T = TypeVar("T")
S = TypeVar("S", bound="Server")


def eventually(ask: Callable[[], T], timeout: float = 20.0, what: str = "") -> T:
    """Ask until the answer is true, and return it.

    Raises:
        TimeoutError: After so many seconds; the message holds the last answer.
    """
    deadline = time.monotonic() + timeout
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what or ask} not within {timeout} s; the last answer was {answer!r}")
        time.sleep(POLL_SECONDS)
    return answer


def fetch(
    url: str, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, timeout: float = 30.0
) -> bytes:
    """Return the body of a GET request.

    Raises:
        RuntimeError: The answer is an error; the message holds its body.
    """
    full = f"{url}?{urllib.parse.urlencode(query, doseq=True)}" if query else url
    request = urllib.request.Request(full, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{full} answered {error.code}: {error.read()[:500]!r}") from error


def fetch_json(url: str, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """Return the JSON body of a GET request."""
    return json.loads(fetch(url, query, headers))


class Server:
    """One server; subclasses say what it is called, how it is started and when it is ready."""

    ready_path = "/-/ready"
    ready_timeout = 40.0

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process: Process | None = None
        directory.mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        """Return program and arguments."""
        raise AssertionError("each server has its own")

    def environment(self) -> dict[str, str]:
        """Return the variables that its configuration reads."""
        return {}

    def ready_url(self) -> str:
        """Return what answers 200 once the server works."""
        return self.url + self.ready_path

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            RuntimeError: It ended instead; the message holds its output.
        """
        self.process = Process(self.command(), self.environment(), self.directory)
        eventually(self._is_ready, self.ready_timeout, f"{self.command()[0]} to be ready")

    def stop(self) -> None:
        """End it in order."""
        self._running().stop(timeout=30.0)
        self.process = None

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._running().kill()
        self.process = None

    def _running(self) -> Process:
        if self.process is None:
            raise RuntimeError(f"{type(self).__name__} is not running")
        return self.process

    def _is_ready(self) -> bool:
        process = self._running()
        if process.exit_code is not None:
            raise RuntimeError(f"{process.command[0]} ended with {process.exit_code}:\n{process.output[-3000:]}")
        try:
            fetch(self.ready_url(), timeout=2.0)
        except (OSError, RuntimeError):
            return False
        return True

    def __enter__(self: S) -> S:  # noqa: PYI019 -- typing.Self is newer than Python 3.10
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()
