# SPDX-License-Identifier: Apache-2.0
"""`doctor -- COMMAND`: start a command for a few seconds, and see which of its processes have telemetry."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from otel_distro.doctor.findings import Finding, note, ok, problem
from otel_distro.doctor.port import fetch
from otel_distro.settings.environ import launch_environment

WATCH_SECONDS = 3.0
START_SECONDS = 10.0
READY_SECONDS = 30.0
STOP_SECONDS = 8.0


def command(arguments: Sequence[str]) -> Iterator[Finding]:
    """Yield what a command's processes have; it is started as it stands, and stopped again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(port),
        "JSON_LOGS": "true",
    }
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            process = _started(arguments, variables, said)
        except OSError as error:
            yield problem("OD702", arguments[0], f"cannot be started: {error.strerror}")
            return
        try:
            health = _health(process, port)
            yield from _judged(process, health, said)
        finally:
            _stop(process)


def _started(arguments: Sequence[str], variables: dict[str, str], said: IO[str]) -> subprocess.Popen[bytes]:
    launched = (
        [sys.executable, "-m", "otel_distro", "run", *arguments] if _needs_launcher(arguments) else list(arguments)
    )
    return subprocess.Popen(  # noqa: S603 - the user's own command
        launched,
        env={**launch_environment("", variables), **variables},
        stdout=said,
        stderr=said,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _needs_launcher(arguments: Sequence[str]) -> bool:
    """A bare server is launched by us; whatever else, a script of the user's say, must do it itself."""
    words = " ".join(arguments)
    return "opentelemetry-instrument" not in words and "otel-distro" not in words and Path(arguments[0]).suffix != ".sh"


def _health(process: subprocess.Popen[bytes], port: int) -> dict[str, Any] | None:
    """Wait until the command serves the admin port and a request, and a little longer for the rest of its workers."""
    url = f"http://127.0.0.1:{port}/health"
    if _asked(process, url, START_SECONDS, lambda _: True) is None:
        return None
    _asked(process, f"{url}/ready", READY_SECONDS, lambda answer: answer.get("status") not in {"starting", "stuck"})
    time.sleep(WATCH_SECONDS)
    return _asked(process, url, START_SECONDS, _all_serve) or _asked(process, url, START_SECONDS, lambda _: True)


def _all_serve(health: dict[str, Any]) -> bool:
    return all(worker["state"] == "serving" for worker in health["workers"].values())


def _asked(
    process: subprocess.Popen[bytes], url: str, seconds: float, enough: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, HTTPException, ValueError):
            answer: dict[str, Any] = json.loads(fetch(url)[1])
            if enough(answer):
                return answer
        time.sleep(0.1)
    return None


def _judged(process: subprocess.Popen[bytes], health: dict[str, Any] | None, said: IO[str]) -> Iterator[Finding]:
    if process.poll() is not None:
        yield problem("OD702", "command", f"has ended by itself with {process.returncode}: {_last(said)}")
        return
    if health is None:
        yield problem("OD701", "command", f"runs, and no telemetry in it after {START_SECONDS:.0f} s")
        return
    served = {worker["pid"]: worker["state"] for worker in health["workers"].values()}
    first = True
    for pid, words in _tree(process.pid):
        subject = f"pid {pid}"
        if pid in served:
            yield ok(subject, f"a worker, {served[pid]}: {words}")
        elif first:
            first = False
            yield ok(subject, f"owns the admin port: {words}")
        elif "python" in words and not any(
            helper in words for helper in ("resource_tracker", "semaphore_tracker", "otel_distro")
        ):
            yield problem("OD703", subject, f"is Python without telemetry: {words}")
        else:
            yield note(subject, f"has none of ours, and needs none: {words}")


def _last(said: IO[str]) -> str:
    said.seek(0)
    lines = said.read().strip().splitlines()
    return lines[-1][:300] if lines else "it has printed nothing"


def _tree(root: int) -> list[tuple[int, str]]:
    """Return pid and command line of a process and of all below it; what has a single thread of ours comes first."""
    below, known = [root], [root]
    while below:
        children = [child for pid in below for child in _children(pid)]
        known.extend(children)
        below = children
    return [(pid, words) for pid in known if (words := _words(pid))]


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return []


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()[:120]
    return ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the command with all that it has started: the whole session is ours."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return
