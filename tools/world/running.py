# SPDX-License-Identifier: Apache-2.0
"""Run an application once, bare or with us, and note everything that somebody outside of it can see."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, free_port
from testbed.scrape import Scrape, scrape

from world.application import Application, Call

Launcher = Sequence[str]
BARE: Launcher = ()
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Answer:
    """What came back for one call."""

    call: str
    status: int
    kind: str
    headers: frozenset[str]
    body: str


@dataclass
class Outcome:
    """All that is seen from outside.

    Attributes:
        answers: One for each call that the application lists.
        requests: How many requests were answered, the ones that asked whether it is ready included.
        stdout: Lines.
        stderr: Lines.
        files: Path below the working directory → content.
        exit_code: Negative for a signal.
        seconds: From SIGTERM (or from the start, for a program that ends by itself) to the end.
        server_spans: Names of the spans of kind SERVER that arrived.
        page: The /metrics page, if one is served and parses.
        page_fault: Why there is none.
    """

    answers: list[Answer] = field(default_factory=list)
    requests: int = 0
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    exit_code: int | None = None
    seconds: float = 0.0
    server_spans: list[str] = field(default_factory=list)
    page: Scrape | None = None
    page_fault: str = ""


def run(application: Application, home: Path, folder: Path, launcher: Launcher, port: int) -> Outcome:
    """Run the application in `folder`, which is emptied before, and return what was seen."""
    shutil.rmtree(folder, ignore_errors=True)
    if application.source.exists():
        shutil.copytree(application.source, folder)
    folder.mkdir(exist_ok=True)
    with OtlpReceiver() as receiver:
        environment = _environment(application, home, folder, receiver, port)
        for command in application.prepare:
            subprocess.run(_located(command, home), cwd=folder, env=environment, check=True, capture_output=True)
        outcome = _started(application, [*launcher, *application.command], home, folder, environment, port)
        outcome.server_spans = [span.name for span in receiver.spans() if span.kind == "SERVER"]
    outcome.files = _files(folder)
    return outcome


def _environment(
    application: Application, home: Path, folder: Path, receiver: OtlpReceiver, port: int
) -> dict[str, str]:
    path = os.pathsep.join([str(home / "bin"), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path,
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OTEL_SERVICE_NAME": application.name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        **{name: value.replace("{port}", str(port)) for name, value in application.environment.items()},
    }


def _started(  # noqa: PLR0913, PLR0917 -- what a run consists of
    application: Application,
    command: Sequence[str],
    home: Path,
    folder: Path,
    environment: Mapping[str, str],
    port: int,
) -> Outcome:
    located = [part.replace("{port}", str(port)) for part in _located(command, home)]
    if not application.calls and not application.done:
        return _ended(application, located, folder, environment)
    with Process(located, environment, folder) as process:
        try:
            if application.calls:
                outcome = _used(application, process, environment["OTEL_EXPORTER_PROMETHEUS_PORT"], port)
            else:
                outcome = _worked(application, process, folder)
        except BaseException:
            process.kill()
            raise
        began = time.monotonic()
        outcome.exit_code = process.stop(signal.SIGTERM, timeout=60)
        outcome.seconds = time.monotonic() - began
        outcome.stdout, outcome.stderr = process.stdout, process.stderr
    return outcome


def _located(command: Sequence[str], home: Path) -> list[str]:
    program = home / "bin" / command[0]
    return [str(program) if program.exists() else command[0], *command[1:]]


def _ended(application: Application, command: list[str], folder: Path, environment: Mapping[str, str]) -> Outcome:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        input=application.stdin or "",
        capture_output=True,
        text=True,
        errors="replace",
        timeout=application.seconds,
        check=False,
    )
    seconds = time.monotonic() - began
    lines = done.stdout.splitlines(), done.stderr.splitlines()
    return Outcome(stdout=lines[0], stderr=lines[1], exit_code=done.returncode, seconds=seconds)


def _used(application: Application, process: Process, admin_port: str, port: int) -> Outcome:
    outcome = Outcome()
    once = httpx.Limits(max_keepalive_connections=0)  # which calls share a connection is no matter of chance
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=once) as client:
        process.wait_for_port(port, application.seconds)
        outcome.requests = _wait_until_ready(application, process, client)
        for call in application.calls:
            outcome.answers.append(_answer(client, call))
        outcome.requests += len(application.calls)
    try:
        outcome.page = scrape(f"http://127.0.0.1:{admin_port}")
    except OSError as error:
        outcome.page_fault = f"/metrics cannot be had: {error}"
    except ValueError as error:
        outcome.page_fault = f"/metrics does not parse: {error}"
    return outcome


def _worked(application: Application, process: Process, folder: Path) -> Outcome:
    deadline = time.monotonic() + application.seconds
    while not (folder / application.done).exists():
        if process.exit_code is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{application.name} has not done its work:\n{process.output[-3000:]}")
        time.sleep(_POLL_SECONDS)
    return Outcome()


def _wait_until_ready(application: Application, process: Process, client: httpx.Client) -> int:
    """Ask until the answer is no error; return how often there was an answer."""
    answers, deadline = 0, time.monotonic() + application.seconds
    while time.monotonic() < deadline:
        if process.exit_code is not None:
            raise RuntimeError(f"{application.name} ended with {process.exit_code}:\n{process.output[-3000:]}")
        try:
            status = client.get(application.ready).status_code
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
            continue
        answers += 1
        if status < 500:
            return answers
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"{application.name} is not ready in {application.seconds} s:\n{process.output[-3000:]}")


def _answer(client: httpx.Client, call: Call) -> Answer:
    sent = {"content": call.content} if call.content is not None else {"json": call.json} if call.json else {}
    name = f"{call.method} {call.path}"
    try:
        response = client.request(call.method, call.path, headers=call.headers, **sent)
    except httpx.TransportError as error:
        return Answer(name, 0, type(error).__name__, frozenset(), "")
    kind = response.headers.get("content-type", "")
    return Answer(name, response.status_code, kind, frozenset(response.headers.keys()), response.text)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
