# SPDX-License-Identifier: Apache-2.0
"""One end of one process tree: server, application, ending, collector and exporter, bare and with us."""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from testbed.otlp_receiver import Hang, OtlpReceiver, Respond
from testbed.processes import Process, free_port
from testbed.services import LAUNCHER

APPS = Path(__file__).parent / "apps"
REQUESTS = 10
LIMIT_SECONDS = 1.0
# Bare granian hangs when it is ended while a worker of it starts, bare gunicorn waits for --graceful-timeout: a worker
# that starts has its parent's handlers. Nothing tells when the last one has started; one process alone has.
SETTLE_SECONDS = 1.0
SETTLED = ("uvicorn", "uvicorn, PID 1", "script", "asyncio script", "script, PID 1")
MARGIN_SECONDS = 3.0  # of a loaded machine; the table has the times

_GUNICORN = ("gunicorn", "-b", "127.0.0.1:{port}", "-w", "2", "--graceful-timeout", "10")
_UVICORN = ("uvicorn", "--host", "127.0.0.1", "--port", "{port}")
_INIT = (
    "unshare",
    *(() if os.geteuid() == 0 else ("--map-root-user",)),
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
ASGI: Mapping[str, Sequence[str]] = {
    "uvicorn": _UVICORN,
    "uvicorn, PID 1": (*_INIT, *_UVICORN),
    "uvicorn --workers": (*_UVICORN, "--workers", "2"),
    "gunicorn, UvicornWorker": (*_GUNICORN, "-k", "uvicorn.workers.UvicornWorker"),
    "gunicorn, asgi": (*_GUNICORN, "-k", "asgi"),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "-w", "2"),
    "granian": ("granian", "--interface", "asgi", "--port", "{port}", "--workers", "2"),
}
WSGI: Mapping[str, Sequence[str]] = {
    "gunicorn, gthread": (*_GUNICORN, "-k", "gthread", "--threads", "2"),
    "gunicorn, gevent": (*_GUNICORN, "-k", "gevent"),
    "granian, WSGI": ("granian", "--interface", "wsgi", "--port", "{port}", "--workers", "2"),
}
SCRIPTS: Mapping[str, Sequence[str]] = {
    "script": ("python", "ends_script.py", "{ending}"),
    "asyncio script": ("python", "ends_script.py", "{ending}", "async"),
    "script, PID 1": (*_INIT, "python", "ends_script.py", "{ending}"),
}
APPLICATIONS: Mapping[str, str] = {
    "FastAPI": "ends_fastapi:app",
    "plain ASGI": "ends_asgi:app",
    "Django, ASGI": "ends_django:asgi",
    "plain WSGI": "ends_wsgi:app",
    "Django, WSGI": "ends_django:wsgi",
    "a lifespan of its own": "ends_lifespan:app",
    "none": "",
}
SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT, "SIGHUP": signal.SIGHUP}
COLLECTORS = ("up", "refusing", "hanging", "503")
FAULTS: Mapping[str, Hang | Respond] = {"hanging": Hang(), "503": Respond(503)}


@dataclass(frozen=True)
class End:
    """A row of the matrix."""

    server: str
    application: str
    ending: str
    collector: str
    exporter: str

    def __str__(self) -> str:
        return f"{self.server} / {self.application} / {self.ending} / {self.collector} / {self.exporter}"


@dataclass(frozen=True)
class Outcome:
    """How it ended. Counts are of spans, lines and measurements that arrived, `lost` of spans that were said to be lost."""

    status: int
    seconds: float
    spans: int = 0
    lines: int = 0
    measured: int = 0
    lost: int = 0


def matrix() -> Iterator[End]:
    """Yield every row that there is; exporters take turns, so that each meets every server, ending and collector."""
    turns = count()
    for servers, kinds in ((ASGI, list(APPLICATIONS)[:3]), (WSGI, list(APPLICATIONS)[3:5]), (SCRIPTS, ["none"])):
        for server in servers:
            for application in kinds:
                for ending in _endings(server):
                    turn = next(turns)
                    for number, collector in enumerate(COLLECTORS):
                        yield End(server, application, ending, collector, ("http", "grpc")[(turn + number) % 2])


def _endings(server: str) -> Sequence[str]:
    if server == "script, PID 1":  # the kernel spares it the signals
        return ("normal", "exception")
    if server in SCRIPTS:
        return ("SIGTERM", "SIGINT", "SIGHUP", "normal", "exception")
    return ("SIGTERM", "SIGINT")


def both(end: End, environment: Mapping[str, str] | None = None) -> tuple[Outcome, Outcome]:
    """Run it bare and with us, at the same time."""
    with ThreadPoolExecutor(2) as pool:
        bare, ours = pool.submit(_bare, end, environment or {}), pool.submit(_ours, end, environment or {})
        return bare.result(), ours.result()


def _bare(end: End, environment: Mapping[str, str]) -> Outcome:
    with _running(end, {"PYTHONPATH": str(APPS), **environment}, ()) as process:
        return _end(process, end)


def _ours(end: End, environment: Mapping[str, str]) -> Outcome:
    with OtlpReceiver(protocol="grpc" if end.exporter == "grpc" else "http/protobuf") as receiver:
        if end.collector in FAULTS:
            receiver.fail_with(FAULTS[end.collector])
        elif end.collector == "refusing":
            receiver.close()
        with _running(end, _exporting(end, receiver) | dict(environment), (LAUNCHER,)) as process:
            ended = _end(process, end)
        lost = [
            int(found)
            for line in process.output.splitlines()
            for found in re.findall(r"(\d+) records? of traces w", line)
        ]
        lines = [record for record in receiver.logs() if record.body == "served"]
        return Outcome(
            ended.status, ended.seconds, len(receiver.spans("own")), len(lines), _measured(receiver), sum(lost)
        )


def _measured(receiver: OtlpReceiver) -> int:
    """Return the sum over processes of the last value that each has pushed."""
    last = {str(metric.origin.resource): metric for metric in receiver.metrics("served")}
    return int(sum(point.value for metric in last.values() for point in metric.points))


def _exporting(end: End, receiver: OtlpReceiver) -> dict[str, str]:
    return {
        "PYTHONPATH": str(APPS),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if end.exporter == "grpc" else "http/protobuf",
        "OTEL_METRICS_EXPORTER": "prometheus,otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_DISTRO_ACCESS_LOG": "false",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        "OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": str(LIMIT_SECONDS),
        "OTEL_BSP_SCHEDULE_DELAY": "60000",  # nothing leaves before the end
        "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    }


@contextmanager
def _running(end: End, environment: Mapping[str, str], launcher: Sequence[str]) -> Iterator[Process]:
    port = free_port()
    command = [part.format(port=port, ending=end.ending) for part in (ASGI | WSGI | SCRIPTS)[end.server]]  # type: ignore[operator]
    application = APPLICATIONS[end.application]
    before = len(_INIT) if command[0] == _INIT[0] else 0
    whole = [*command[:before], *launcher, *command[before:], *([application] if application else [])]
    with Process(whole, environment, APPS) as process:
        if application:
            process.wait_for_port(port, timeout=40)
            for _ in range(REQUESTS):
                _get(port)
        else:
            process.wait_for_line("^up$", timeout=40)
        yield process
        if process.exit_code is None:
            process.kill()


def _get(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def _end(process: Process, end: End) -> Outcome:
    since = time.monotonic()
    if end.ending in SIGNALS:
        time.sleep(0 if end.server in SETTLED else SETTLE_SECONDS)
        since = time.monotonic()
        _send(process, end)
    status = process.wait(30)
    return Outcome(status, time.monotonic() - since)


def _send(process: Process, end: End) -> None:
    """Send the signal as it is sent: SIGINT by a terminal, to all; to the first process of a container from outside."""
    number = SIGNALS[end.ending]
    if end.server.endswith("PID 1"):
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), number)
    elif number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
