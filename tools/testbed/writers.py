# SPDX-License-Identifier: Apache-2.0
"""Writers of numbered events: to files that are rotated, and by OTLP to whoever accepts them."""

from __future__ import annotations

import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from testbed.lines import append, contract_line, cri

BATCH = 50
ROTATE_EVERY = 1000


def by_rename(path: Path, count: int) -> None:
    """Rotate as the kubelet does: the file gets another name, the next line starts a new one."""
    path.rename(path.with_name(f"{path.name}.20260101-{count:06d}"))


def by_copy_truncate(path: Path, count: int) -> None:
    """Rotate as logrotate's copytruncate does: the file stays and starts anew, its content lies in a copy."""
    shutil.copyfile(path, path.with_name(f"{path.name}.{count}"))
    with path.open("r+b") as file:
        file.truncate(0)


class Writer(threading.Thread):
    """Writes events numbered from 0 at a steady rate until it has written `total` or is stopped."""

    def __init__(self, service: str, total: int, rate: float) -> None:
        super().__init__(name=f"writer-{service}", daemon=True)
        self.service = service
        self.total = total
        self.written = 0
        self._pause = BATCH / rate
        self._stopped = threading.Event()

    def run(self) -> None:
        due = time.monotonic()
        while self.written < self.total and not self._stopped.is_set():
            self.write(range(self.written, min(self.written + BATCH, self.total)))
            due += self._pause
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def stop(self) -> None:
        """End after the current batch."""
        self._stopped.set()
        self.join()

    def write(self, numbers: range) -> None:
        """Write the events of these numbers, and count them in `written`."""
        raise AssertionError(f"each writer has its own way to write {numbers}")

    def lines(self, numbers: range) -> list[str]:
        """Return the events as lines of about 500 bytes."""
        padding = "x" * 280
        return [
            contract_line(
                f"event {number}", service=self.service, number=number, user_id=f"user-{number}", note=padding
            )
            for number in numbers
        ]


class FileWriter(Writer):
    """Appends to a log file and rotates it after every so many lines."""

    def __init__(  # noqa: PLR0913 -- what, where, how much, how fast, and how it is rotated
        self,
        service: str,
        path: Path,
        total: int,
        rate: float,
        rotate: Callable[[Path, int], None],
        *,
        every: int = ROTATE_EVERY,
    ) -> None:
        super().__init__(service, total, rate)
        self.path = path
        self._rotate, self._every = rotate, every
        self._envelope = cri if "pods" in path.parts else str

    def write(self, numbers: range) -> None:
        append(self.path, *map(self._envelope, self.lines(numbers)))
        self.written = numbers.stop
        if self.written % self._every == 0:
            self._rotate(self.path, self.written)


class OtlpWriter(Writer):
    """Sends OTLP/HTTP requests, each again and again until it is accepted, as an OTLP client should."""

    def __init__(self, service: str, endpoint: str, total: int, rate: float) -> None:
        super().__init__(service, total, rate)
        self._url = f"{endpoint}/v1/logs"

    def write(self, numbers: range) -> None:
        body = json.dumps(_export_request(self.service, numbers)).encode()
        while not self._stopped.is_set():
            if self._accepted(body):
                self.written = numbers.stop
                return
            self._stopped.wait(0.2)

    def _accepted(self, body: bytes) -> bool:
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False


def _export_request(service: str, numbers: range) -> dict[str, object]:
    """Return an ExportLogsServiceRequest in OTLP's JSON encoding."""
    records = [
        {
            "timeUnixNano": str(time.time_ns()),
            "severityNumber": 9,
            "severityText": "info",
            "body": {"stringValue": f"event {number}"},
            "attributes": [{"key": "number", "value": {"intValue": str(number)}}],
        }
        for number in numbers
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {
        "resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": "writer"}, "logRecords": records}]}]
    }
