# SPDX-License-Identifier: Apache-2.0
"""`make soak`: a million events through every fault, each for half a minute, again and again; every number is in the store."""

import sys
import tempfile
import time
from pathlib import Path

from testbed.no_loss import SCRIPTS, Line, until
from testbed.victoria_logs import VictoriaLogs

EVENTS = 450_000  # of each of two files; a quarter of that by OTLP: 1,012,500 in all
RATE = 1500.0
FAULT_SECONDS = 30.0
CALM_SECONDS = 5.0


def main(events: int) -> int:
    """Run, print what became of every writer's events, return 1 if one is missing."""
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        VictoriaLogs(Path(folder) / "store") as store,
        Line(Path(folder) / "line", store, events, RATE) as line,
    ):
        for name, script in until(lambda: not any(writer.is_alive() for writer in line.writers), SCRIPTS.items()):
            print(f"{time.monotonic() - start:6.0f} s {name}: {[w.written for w in line.writers]}", flush=True)
            script(line, FAULT_SECONDS)
            time.sleep(CALM_SECONDS)
        counts = line.settle(600)
    for service, count in counts.items():
        print(f"{service}: missing {count.missing}, doubled {count.doubled}")
    print(f"{sum(writer.total for writer in line.writers):,} events in {time.monotonic() - start:.0f} s")
    return int(any(count.missing for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS))
