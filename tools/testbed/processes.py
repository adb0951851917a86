# SPDX-License-Identifier: Apache-2.0
"""Start real programs, read their output line by line, and stop them again."""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

T = TypeVar("T")

# The last two are coverage's, which sets one of them under `make coverage`.
_INHERITED = (
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
    "COVERAGE_PROCESS_CONFIG",
    "COVERAGE_PROCESS_START",
)
_POLL_SECONDS = 0.02
_DRAWS = 5  # of ports
_claims = ExitStack()
atexit.register(_claims.close)


def free_port() -> int:
    """Return a TCP port of the loopback interface that was free a moment ago, and that no other caller was given.

    A program binds its port seconds after this; a claim keeps the other tests of this machine off it until we end.
    """
    for _ in range(_DRAWS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if _claim(port):
            break
    return port


def _claim(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0otel-distro-port-{port}")  # an abstract name: gone with the process, no file is left
    except OSError:  # another's; or a system that has no such names
        claim.close()
        return False
    _claims.enter_context(claim)
    return True


def located(program: str) -> str:
    """Return the path of a console script of this Python environment; of other programs, the name as it is."""
    path = Path(sysconfig.get_path("scripts")) / program
    return str(path) if path.exists() else program


def clean_environment(overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a program needs of this process's environment and nothing that would configure telemetry."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # As in an activated environment: the launcher looks for the command that it starts on PATH.
    inherited["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), inherited.get("PATH", os.defpath)])
    return inherited | dict(overrides or {})


def json_objects(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the lines that are JSON objects, parsed."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    timeout: float = 30.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python environment to its end, in a clean environment, and return output and exit code."""
    return subprocess.run(
        [located(command[0]), *command[1:]],
        env=clean_environment(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Process:
    """A running program in a session of its own; the end of a `with` block stops it.

    Args:
        command: Program and arguments; console scripts of this Python environment may be named without their path.
        environment: Variables beside the few that every program needs (see `clean_environment`).
        directory: Where to run it.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        self.command = [located(command[0]), *command[1:]]
        self._process = subprocess.Popen(
            self.command,
            env=clean_environment(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._changed = threading.Condition()
        self._lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._open_streams = len(self._lines)
        self._readers = [self._read(name) for name in self._lines]

    @property
    def stdout(self) -> list[str]:
        """The lines so far, without their line ends."""
        with self._changed:
            return list(self._lines["stdout"])

    @property
    def stderr(self) -> list[str]:
        """The lines so far, without their line ends."""
        with self._changed:
            return list(self._lines["stderr"])

    @property
    def output(self) -> str:
        """Both streams as text, for messages."""
        return "\n".join([*self.stdout, *self.stderr])

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait_for(self, predicate: Callable[[Process], T], timeout: float = 10.0) -> T:
        """Wait until the predicate, asked at every line of output, answers something true, and return that.

        Raises:
            TimeoutError: After so many seconds, or at the end of all output; the message holds the output.
        """
        with self._changed:
            self._changed.wait_for(lambda: predicate(self) or not self._open_streams, timeout)
            answer = predicate(self)
        if not answer:
            raise TimeoutError(f"not within {timeout} s; exit code {self.exit_code}, output:\n{self.output}")
        return answer

    def wait_for_line(self, pattern: str, timeout: float = 10.0) -> str:
        """Wait for a line on either stream in which the regular expression is found, and return it."""
        search = re.compile(pattern).search
        return self.wait_for(lambda p: next(filter(search, p.stdout + p.stderr), ""), timeout)

    def wait_for_port(self, port: int, timeout: float = 20.0) -> None:
        """Wait until the program, or a child of it, accepts connections.

        Raises:
            RuntimeError: If the program ends before.
            TimeoutError: After so many seconds.
        """
        deadline = time.monotonic() + timeout
        while not _accepts(port):
            if self.exit_code is not None:
                self._finish()
                raise RuntimeError(f"{self.command} ended with {self.exit_code} before it served:\n{self.output}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"port {port} is not served within {timeout} s:\n{self.output}")
            time.sleep(_POLL_SECONDS)

    def wait(self, timeout: float = 20.0) -> int:
        """Wait until the program ends by itself, then return its exit code.

        Raises:
            subprocess.TimeoutExpired: After so many seconds.
        """
        code = self._process.wait(timeout)
        self._finish()
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the program (not to its children)."""
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 15.0) -> int:
        """End the program by a signal and return its exit code; what outlives the timeout (seconds) is killed."""
        if self.exit_code is None:
            self.send_signal(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"signal {number} did not end {self.command} in {timeout} s:\n{self.output}") from None

    def kill(self) -> None:
        """Kill the program and everything that it started in its session."""
        _kill_session(self.pid)
        self._process.wait()
        self._finish()

    def __enter__(self) -> Process:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.kill()
        else:
            self.stop()

    def _read(self, name: str) -> threading.Thread:
        stream: IO[str] = getattr(self._process, name)
        thread = threading.Thread(target=self._collect, args=(stream, self._lines[name]), name=f"{name}-{self.pid}")
        thread.start()
        return thread

    def _collect(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()

    def _finish(self) -> None:
        """End what is left of the session, so that its pipes close, and read the rest of the output."""
        _kill_session(self.pid)
        for reader in self._readers:
            reader.join()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _kill_session(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of it ended by itself, as it should
