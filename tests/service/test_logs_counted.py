# SPDX-License-Identifier: Apache-2.0
"""What each line of an application's own costs, counted: calls into redaction, characters searched, writes.

Times depend on the machine, counts do not. Who makes one of these figures smaller writes the smaller one here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
from support import counted_setups
from support.counted_setups import LINES, REQUESTS, WARM_UP
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import clean_environment, located
from testbed.services import LAUNCHER

SUPPORT = Path(counted_setups.__file__).parent
SETUPS = SUPPORT.parents[1] / "tools/bench/apps"
WRITTEN = 2 * (WARM_UP + REQUESTS)
PACKET = 65_536


class Cost(NamedTuple):
    """Of one line: how often a function of redaction is called, how often a text is searched, and of how many characters."""

    calls: float
    searches: float
    characters: float


# On standard output alone, and exported as well. Fields of each line were seen before, but for the number of the item;
# messages with arguments are new ones each time.
COSTS = {
    "never configured": (Cost(2, 0, 0), Cost(2, 0, 0)),
    "PrintLogger, JSON": (Cost(2, 0, 0), Cost(3, 0, 0)),
    "BytesLogger, orjson": (Cost(2, 0, 0), Cost(3, 0, 0)),
    "ProcessorFormatter": (Cost(2, 0, 0), Cost(3, 0, 0)),
    "python-json-logger": (Cost(4.5, 0, 0), Cost(6.5, 0, 0)),
    "plain format": (Cost(6, 1, 22), Cost(9, 1, 22)),
    "loguru": (Cost(4, 1, 72), Cost(11, 2, 94)),
}


@pytest.mark.parametrize("exporter", ["none", "otlp"])
@pytest.mark.parametrize("setup", COSTS)
def test_a_line_costs_no_more_than_it_did(setup: str, exporter: str, receiver: OtlpReceiver) -> None:
    most = COSTS[setup][exporter == "otlp"]
    packets, counts = _counted(
        setup, {"OTEL_LOGS_EXPORTER": exporter, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    )
    lines = b"".join(packets).splitlines()
    assert sum(b"item" in line for line in lines) == len(lines) == WRITTEN
    assert len(packets) == WRITTEN  # one system call a line
    cost = Cost(*(counts[name] / LINES for name in Cost._fields))
    assert all(found <= bound for found, bound in zip(cost, most, strict=True)), f"{cost} for {most}"


def _counted(setup: str, environment: dict[str, str]) -> tuple[list[bytes], dict[str, int]]:
    """Return what each write of a program wrote, and its counts."""
    quiet = {"OTEL_SERVICE_NAME": "counted", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    paths = {"PYTHONPATH": f"{SUPPORT}:{SETUPS}"}
    # What is not configured at all writes to standard output, whatever serves.
    end, begin = os.pipe2(os.O_DIRECT)  # each read returns what one write wrote, pipe(2)
    packets: list[bytes] = []
    reader = threading.Thread(target=_read, args=(end, packets))
    reader.start()
    try:
        done = subprocess.run(
            [located(LAUNCHER), sys.executable, str(SUPPORT / "counted_setups.py"), setup],
            env=clean_environment({**quiet, **paths, **environment}),
            stdin=subprocess.DEVNULL,
            stdout=begin,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(begin)
        reader.join(10)
        os.close(end)
    assert done.returncode == 0, done.stderr
    return packets, json.loads(done.stderr.splitlines()[-1])


def _read(end: int, packets: list[bytes]) -> None:
    while packet := os.read(end, PACKET):
        packets.append(packet)
