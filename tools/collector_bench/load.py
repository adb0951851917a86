# SPDX-License-Identifier: Apache-2.0
"""Write lines of 500 bytes into a container's log at a steady rate."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from testbed.lines import contract_line, timestamp

LINE_BYTES = 500
STEP_SECONDS = 0.05
_NUMBER = "0000000000"


def _template(service: str) -> str:
    """Return a contract line of exactly LINE_BYTES in its CRI envelope, times and number to be filled in."""
    ids = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}
    line = contract_line("request", service=service, timestamp="@TIME", number=_NUMBER, path="/rooms/1", **ids, note="")
    envelope = "@TIME stdout F "
    missing = LINE_BYTES - len(f"{envelope}{line}\n") - 2 * (len(timestamp()) - len("@TIME"))
    return f"{envelope}{line[:-2]}{'x' * missing}{line[-2:]}\n"


def batches(service: str, rate: float, seconds: float) -> Iterator[str]:
    """Yield what is to be written every STEP_SECONDS, numbered from 0; every line has a microsecond of its own."""
    parts = re.split(f"@TIME|{_NUMBER}", _template(service))
    each, number = int(rate * STEP_SECONDS), 0
    step = max(1, int(STEP_SECONDS * 1_000_000 / each))
    at = time.time_ns() // 1000
    for _ in range(int(seconds / STEP_SECONDS)):
        at = max(at, time.time_ns() // 1000)
        times = [timestamp(moment * 1000) for moment in range(at, at + each * step, step)]
        yield "".join(
            f"{parts[0]}{moment}{parts[1]}{moment}{parts[2]}{number + i:010d}{parts[3]}"
            for i, moment in enumerate(times)
        )
        number, at = number + each, at + each * step


class Load(threading.Thread):
    """Appends the batches to a file, each at its time; `written` counts lines."""

    def __init__(self, path: Path, service: str, rate: float, seconds: float) -> None:
        super().__init__(name="load")
        self.path = path
        self.written = 0
        self._rate = rate
        self._batches = batches(service, rate, seconds)

    def run(self) -> None:
        due = time.monotonic()
        with self.path.open("ab", buffering=0) as file:
            for batch in self._batches:
                file.write(batch.encode())
                self.written += int(self._rate * STEP_SECONDS)
                due += STEP_SECONDS
                time.sleep(max(0.0, due - time.monotonic()))
