# SPDX-License-Identifier: Apache-2.0
"""`make bench`: every variant serves the same application, loaded in turn, round after round."""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from pathlib import Path

from servers import Load, Server, free_port, serving
from variants import VARIANTS, Variant, make

# The variants that the bar judges are measured in every round, so that noise moves their ratios less; the parts of ours
# and the other distributions in every third.
PARTS_EVERY = 3


def available(names: str) -> list[Variant]:
    """Return the variants that were asked for and whose environments can be made."""
    chosen = [variant for variant in VARIANTS if names in variant.name or variant is VARIANTS[0]]
    made = {name: make(name) for name in dict.fromkeys(variant.environment for variant in chosen)}
    for name in (name for name, there in made.items() if not there):
        print(f"left out, its packages cannot be installed: {name}")
    return [variant for variant in chosen if made[variant.environment]]


def measure(variants: list[Variant], rounds: int, seconds: int, connections: int) -> dict[str, dict[str, float]]:
    """Return the medians of each variant over the rounds."""
    sink_port = free_port()
    loads: dict[str, list[Load]] = {variant.name: [] for variant in variants}
    with contextlib.ExitStack() as running:
        sink = subprocess.Popen([sys.executable, str(Path(__file__).with_name("sink.py")), str(sink_port)])
        running.callback(sink.wait)
        running.callback(sink.terminate)
        servers: dict[str, Server] = {}
        for variant in variants:
            servers[variant.name] = running.enter_context(serving(variant, sink_port))
            servers[variant.name].load(1, connections)
            print(f"  {variant.name} answers", flush=True)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds} …", flush=True)
            for variant in (each for each in variants if each.judged or number % PARTS_EVERY == 0):
                loads[variant.name].append(servers[variant.name].load(seconds, connections))
        return {name: _medians(loads[name], servers[name]) for name in servers}


def _medians(loads: list[Load], server: Server) -> dict[str, float]:
    return {
        "cpu": statistics.median(load.cpu for load in loads),
        "cpu_min": min(load.cpu for load in loads),
        "rate": statistics.median(load.rate for load in loads),
        "p50": statistics.median(load.p50 for load in loads),
        "p99": statistics.median(load.p99 for load in loads),
        "start": server.started_seconds,
        "memory": server.resident_bytes() / 1e6,
    }


def main() -> None:
    """Measure, print, and keep the figures for the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", default="", help="part of a variant's name; bare is always measured")
    parser.add_argument("--output", type=Path, help="a file for the figures, as JSON")
    options = parser.parse_args()
    figures = measure(available(options.only), options.rounds, options.seconds, options.connections)
    bare = figures["bare"]["cpu"]
    for name, row in figures.items():
        print(
            f"{name:52} {row['cpu']:7.1f} us  +{row['cpu'] - bare:6.1f}  p50 {row['p50']:6.2f}  p99 {row['p99']:6.2f} ms"
            f"  {row['memory']:5.0f} MB"
        )
    if options.output:
        options.output.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
