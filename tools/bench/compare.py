# SPDX-License-Identifier: Apache-2.0
"""Load every variant of one application in turn, round after round, with bare before and after each: see pairs.py for why."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from testbed.processes import free_port

from bench.judged import of_setup
from bench.load import Load, saturate
from bench.paced import pace
from bench.pairs import Measured, Pair, added, slower
from bench.servers import LOAD_CORE, Server, serving
from bench.variants import BARE, NO_LINES, PARTS, SETUPS, TOOLS, VARIANTS, Variant, made


@contextlib.contextmanager
def running(variants: Sequence[Variant], setup: str, routes: int = 0) -> Iterator[dict[str, Server]]:
    """Run a server of each variant, which logs by the set-up and has so many routes more, and the collector for them."""
    port = free_port()
    sink = ["taskset", "-c", LOAD_CORE, sys.executable, "-m", "bench.sink", str(port)]
    with contextlib.ExitStack() as stack:
        collector = subprocess.Popen(sink, cwd=TOOLS)
        stack.callback(collector.wait)
        stack.callback(collector.terminate)
        yield {variant.name: stack.enter_context(serving(variant, setup, port, routes)) for variant in variants}


def measure(servers: dict[str, Server], rounds: int, load: Callable[[Server], Load]) -> dict[str, Measured]:
    """Load all servers in turn, each round in another order. Bare is compared with its own loads next in time."""
    others = [name for name in servers if name != BARE.name]
    pairs: dict[str, list[Pair]] = {name: [] for name in servers}
    for server in servers.values():
        load(server)  # warm up
    bare = [load(servers[BARE.name])]
    for number in range(rounds):
        first = number % len(others)
        for name in others[first:] + others[:first]:
            found = load(servers[name])
            bare.append(load(servers[BARE.name]))
            pairs[name].append(Pair(found, bare[-2], bare[-1]))
    pairs[BARE.name] = [Pair(*loads) for loads in zip(bare[1:], bare, bare[2:], strict=False)]
    return {name: Measured(pairs[name], server.resident_bytes() / 1e6) for name, server in servers.items()}


def line(name: str, row: Measured) -> str:
    """Return a variant's figures for people who watch."""
    cpu, p99 = added(row.pairs), slower(row.pairs)
    return f"{name:30} +{cpu.value:6.1f} us {cpu.between(0):14} p99 {p99.value:5.2f} of bare's {p99.between(2)}"


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup", default=SETUPS[1], choices=[*SETUPS, NO_LINES], help="how the application logs")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rate", type=int, help="requests per second; as many as the server can take without it")
    parser.add_argument("--only", default="", help="part of a variant's name; bare is always measured")
    parser.add_argument("--parts", action="store_true", help="the parts of ours and the other distributions")
    parser.add_argument("--output", type=Path, help="a file for the figures, as JSON")
    options = parser.parse_args()
    listed = PARTS if options.parts else VARIANTS
    variants = made(tuple(each for each in listed if each is BARE or options.only in each.name))
    seconds = options.seconds
    load = (
        partial(pace, rate=options.rate, seconds=int(seconds)) if options.rate else partial(saturate, seconds=seconds)
    )
    with running(variants, options.setup) as servers:
        found = measure(servers, options.rounds, load)
    print(*(line(name, row) for name, row in found.items()), *of_setup(found), sep="\n")
    if options.output:
        options.output.write_text(json.dumps({name: asdict(row) for name, row in found.items()}, indent=1))


if __name__ == "__main__":
    main()
