# SPDX-License-Identifier: Apache-2.0
"""Memory stays where it is: a million requests, log lines and httpx calls, each in its own process.

    python -m soak.memory [--scale 1.0] [--minutes 60] [requests logs httpx]

Spans, and the records of the log lines, go to a real receiver that drops them; lines go to /dev/null; /metrics is
scraped ten times for every line of the table, and what it counts must be what was done. Fails if resident memory is
more than 2 % above what it was after the first tenth, or if a workload does not end in time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbed.processes import Process, clean_environment, free_port, located
from testbed.scrape import Scrape, scrape
from testbed.services import LAUNCHER

TOOLS = Path(__file__).parents[1]
WORKLOADS = ("requests", "logs", "httpx")
TOTAL = 1_000_000
EVERY = 100_000  # steps for a line of the table
SCRAPES = 10  # for each
GROWTH = 0.02
# What each workload must find counted, of everything it did; log lines are counted by their way to the collector.
COUNTED = {
    "requests": "http_server_request_duration_seconds_count",
    "httpx": "http_client_request_duration_seconds_count",
}
PROCESSED = ("otel_sdk_processor_span_processed_total", "otel_sdk_processor_log_processed_total")


@dataclass(frozen=True)
class Reading:
    """What was seen after so many steps.

    Attributes:
        number: Steps so far.
        resident: Bytes.
        cpu: Seconds of CPU time that the process used.
        counted: What /metrics counts of the steps, None if it has no such series.
        exported: Spans and log records that were sent.
        dropped: Spans and log records for which the queue had no room.
        series: Lines of /metrics.
    """

    number: int
    resident: int
    cpu: float
    counted: int | None
    exported: int
    dropped: int
    series: int


def soak(workload: str, total: int, every: int, collector: int, minutes: float) -> Iterator[Reading]:
    """Run a workload and yield what is seen along the way.

    Raises:
        RuntimeError: If it does not end well, or not in time.
    """
    admin = free_port()
    environment = {
        "OTEL_SERVICE_NAME": f"soak-{workload}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        "OTEL_LOGS_EXPORTER": "otlp" if workload == "logs" else "none",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(admin),
    }
    command = [located(LAUNCHER), sys.executable, "-m", "soak.workloads", workload, str(total), str(every)]
    watched = subprocess.Popen(
        command,
        env=clean_environment(environment),
        cwd=TOOLS,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = threading.Timer(minutes * 60, watched.kill)
    limit.start()
    try:
        with watched:
            yield from _readings(watched, COUNTED.get(workload), f"http://127.0.0.1:{admin}")
    finally:
        limit.cancel()
        watched.kill()
    if watched.returncode:
        raise RuntimeError(f"{workload} ended with {watched.returncode}")


def _readings(watched: subprocess.Popen[str], counted: str | None, admin_url: str) -> Iterator[Reading]:
    assert watched.stdin is not None
    for line in watched.stderr or ():
        if not line.startswith('{"soak"'):
            print(line, end="", file=sys.stderr)
            continue
        report = json.loads(line)
        yield _reading(report, counted, scrape(admin_url))
        watched.stdin.write("\n")
        watched.stdin.flush()


def _reading(report: dict[str, float], counted: str | None, page: Scrape) -> Reading:
    dropped = sum(page.value(name, error_type="queue_full") for name in PROCESSED)
    return Reading(
        number=int(report["soak"]),
        resident=int(report["resident"]),
        cpu=report["cpu"],
        counted=int(page.value(counted)) if counted else None,
        exported=int(sum(map(page.value, PROCESSED)) - dropped),
        dropped=int(dropped),
        series=sum(not line.startswith("#") for line in page.body.splitlines()),
    )


def judge(readings: list[Reading], total: int) -> list[str]:
    """Return what is wrong with a run, one sentence each."""
    problems = []
    first, highest = readings[0], max(reading.resident for reading in readings)
    if highest > first.resident * (1 + GROWTH):
        problems.append(f"memory grew by {highest / first.resident - 1:.1%} after the first {first.number:,}")
    if readings[-1].number != total:
        problems.append(f"{readings[-1].number:,} of {total:,} were done")
    wrong = [reading.number for reading in readings if reading.counted not in (None, reading.number)]
    if wrong:
        problems.append(f"/metrics did not count what was done, at {wrong}")
    if not readings[-1].exported:
        problems.append("nothing was exported")
    return problems


def run(workload: str, scale: float, collector: int, minutes: float) -> list[str]:
    """Run one workload, print its table, and return what is wrong."""
    total, every = int(TOTAL * scale), int(EVERY * scale)
    scraped = soak(workload, total, every // SCRAPES, collector, minutes)
    started = time.monotonic()
    print(f"\n{workload:>10}  resident MiB    growth  CPU us each   exported    dropped  lines of /metrics")
    readings: list[Reading] = []
    for reading in (reading for reading in scraped if reading.number % every == 0):
        readings.append(reading)
        mebibytes, growth = reading.resident / 2**20, reading.resident / readings[0].resident - 1
        print(
            f"{reading.number:>10,}  {mebibytes:>12.2f}  {growth:>+8.2%}  {reading.cpu / reading.number * 1e6:>11.1f}"
            f"  {reading.exported:>9,}  {reading.dropped:>9,}  {reading.series:>17,}",
            flush=True,
        )
    problems = judge(readings, total) if readings else ["nothing was reported"]
    print(f"{workload}: {'; '.join(problems) or 'flat'}, {time.monotonic() - started:.0f} s")
    return problems


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("workloads", nargs="*", default=WORKLOADS, metavar="|".join(WORKLOADS))
    options.add_argument("--scale", type=float, default=1.0, help="of the numbers above")
    options.add_argument("--minutes", type=float, default=60.0, help="that each may take")
    chosen = options.parse_args()
    port = free_port()
    with Process([sys.executable, str(TOOLS / "bench" / "sink.py"), str(port)]) as sink:
        sink.wait_for_port(port)
        problems = [run(workload, chosen.scale, port, chosen.minutes) for workload in chosen.workloads]
    return int(any(problems))


if __name__ == "__main__":
    sys.exit(main())
