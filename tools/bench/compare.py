# SPDX-License-Identifier: Apache-2.0
"""Load every variant in turn, round after round, with bare before and after each: see pairs.py for why."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from judged import of_servers
from load import Load, saturate
from paced import pace
from pairs import Measured, Pair, added, slower
from servers import LOAD_CORE, Server, free_port, serving
from variants import BARE, VARIANTS, Variant, make

# The variants that the bar judges are measured in every round, so that noise moves their ratios less; the parts of ours
# and the other distributions in every third.
PARTS_EVERY = 3


def available(names: str = "", *, judged: bool = False) -> list[Variant]:
    """Return the variants that were asked for and whose environments can be made; bare is one of them."""
    chosen = [each for each in VARIANTS if each is BARE or (names in each.name and each.judged >= judged)]
    made = {name: make(name) for name in dict.fromkeys(variant.environment for variant in chosen)}
    for name in (name for name, there in made.items() if not there):
        print(f"left out, its packages cannot be installed: {name}")
    return [variant for variant in chosen if made[variant.environment]]


@contextlib.contextmanager
def running(variants: list[Variant]) -> Iterator[dict[str, Server]]:
    """Run a server of each variant, and the collector that they export to."""
    port = free_port()
    sink = ["taskset", "-c", LOAD_CORE, sys.executable, str(Path(__file__).with_name("sink.py")), str(port)]
    with contextlib.ExitStack() as stack:
        collector = subprocess.Popen(sink)
        stack.callback(collector.wait)
        stack.callback(collector.terminate)
        yield {variant.name: stack.enter_context(serving(variant, port)) for variant in variants}


def measure(
    servers: dict[str, Server], variants: list[Variant], rounds: int, load: Callable[[Server], Load]
) -> dict[str, Measured]:
    """Load all servers in turn, each round in another order. Bare is compared with its own loads next in time."""
    others = [variant for variant in variants if variant is not BARE]
    pairs: dict[str, list[Pair]] = {variant.name: [] for variant in variants}
    for server in servers.values():
        load(server)  # warm up
    bare = [load(servers[BARE.name])]
    for number in range(rounds):
        for variant in _turn(others, number):
            found = load(servers[variant.name])
            bare.append(load(servers[BARE.name]))
            pairs[variant.name].append(Pair(found, bare[-2], bare[-1]))
    pairs[BARE.name] = [Pair(*loads) for loads in zip(bare[1:], bare, bare[2:], strict=False)]
    return {name: Measured(pairs[name], server.resident_bytes() / 1e6) for name, server in servers.items()}


def _turn(variants: list[Variant], number: int) -> list[Variant]:
    """Return the variants of a round, which begins with another one each time."""
    first = number % len(variants)
    return [each for each in variants[first:] + variants[:first] if each.judged or number % PARTS_EVERY == 0]


def line(name: str, row: Measured) -> str:
    """Return a variant's figures for people who watch."""
    cpu, p99 = added(row.pairs), slower(row.pairs)
    return f"{name:52} +{cpu.value:6.1f} us {cpu.between(0):14} p99 {p99.value:5.2f} of bare's {p99.between(2)}"


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rate", type=int, help="requests per second; as many as the server can take without it")
    parser.add_argument("--only", default="", help="part of a variant's name; bare is always measured")
    parser.add_argument("--judged", action="store_true", help="only the variants that the bar judges")
    parser.add_argument("--output", type=Path, help="a file for the figures, as JSON")
    options = parser.parse_args()
    variants = available(options.only, judged=options.judged)
    seconds = options.seconds
    load = (
        partial(pace, rate=options.rate, seconds=int(seconds)) if options.rate else partial(saturate, seconds=seconds)
    )
    with running(variants) as servers:
        found = measure(servers, variants, options.rounds, load)
    print(*(line(name, row) for name, row in found.items()), sep="\n")
    if not options.only:
        print(*of_servers(found), sep="\n")
    if options.output:
        options.output.write_text(json.dumps({name: asdict(row) for name, row in found.items()}, indent=1))


if __name__ == "__main__":
    main()
