# SPDX-License-Identifier: Apache-2.0
"""Compare the variants, interleaved, and write docs/benchmarks-collector.md: `python -m collector_bench [ROUNDS]`."""

import os
import platform
import statistics
import sys
from datetime import datetime, timezone

from testbed.programs.catalog import PROGRAMS
from testbed.server import REPOSITORY

from collector_bench.measure import VARIANTS, Result, measure

RATE, SECONDS = 10_000, 20
PAGE = REPOSITORY / "docs" / "benchmarks-collector.md"
HEAD = """# What the Collector costs per log line

Written by `make bench-collector`. CRI lines of 500 bytes with a JSON line of the contract inside, one container, {rate:,} a second for
{seconds} s, to a real VictoriaLogs on the same machine: {cores} processors, {machine}, Collector {collector}, VictoriaLogs {store}, {day}; medians of
{rounds} interleaved rounds, load average {load:.1f} at the end. *preset* is the official chart's `logsCollection` (our program, its
configuration): it only takes the CRI envelope off and queues in memory, while ours parses the line, repairs it for Loki, and has queue and
offsets on disk, synchronised.

| | cores at {rate:,}/s | behind | peak MiB | lost | doubled | median delay at 1,000/s | saturates at | peak MiB then | of them its own |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""
FOOT = """
*cores*: processor time that the load took, by the time it lasted. *behind*: how long after the last line was written the last one was sent.
The bar: at most 1 core and 150 MiB at 10,000 lines/s with nothing lost, a median delay of at most 2 s.
*saturates at*: lines a second while a backlog of one file was worked off, the store taking its part of the same processors. There one file is read by one
thread, which with fsync waits for the disk with each 1,000 lines; several files are read in parallel. On a machine that does other work as
well, what is left of the processors decides: compare the rows of one run only. *its own*: anonymous memory; the rest is the program and the queue's file, which is mapped, and
which the kernel takes back when memory is short: that, not the heap, is what grows while an outage is worked off.
"""


def row(name: str, results: list[Result]) -> str:
    """Return the table row of a variant: medians, but sums of lost and doubled lines."""
    cores, behind, peak, delay, capacity, backlog, own = (
        statistics.median(getattr(result, field) for result in results)
        for field in ("cores", "behind", "peak_mib", "delay", "capacity", "backlog_mib", "backlog_own_mib")
    )
    lost, extra = sum(result.lost for result in results), sum(result.extra for result in results)
    return (
        f"| {name} | {cores:.2f} | {behind:.1f} s | {peak:.0f} | {lost} | {extra} | {delay:.2f} s"
        f" | {capacity:,.0f} lines/s | {backlog:.0f} | {own:.0f} |\n"
    )


def main(rounds: int) -> None:
    """Measure, print, and write the page."""
    results: dict[str, list[Result]] = {variant: [] for variant in VARIANTS}
    for turn in range(rounds):
        for variant in VARIANTS:
            results[variant].append(measure(variant, RATE, SECONDS))
            print(f"round {turn + 1} {row(variant, results[variant][-1:])}", end="", file=sys.stderr, flush=True)
    head = HEAD.format(
        rate=RATE,
        seconds=SECONDS,
        rounds=rounds,
        cores=os.cpu_count(),
        machine=platform.machine(),
        collector=PROGRAMS["collector"].version,
        store=PROGRAMS["victoria-logs"].version,
        day=datetime.now(timezone.utc).date(),
        load=os.getloadavg()[0],
    )
    page = head + "".join(row(name, found) for name, found in results.items()) + FOOT
    PAGE.write_text(page)
    print(page)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
