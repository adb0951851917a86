# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measure everything, write docs/benchmarks.md and its plot, print the bar."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import client_path, compare, log_lines, setup_lines, start_up
from bench.bars import plot
from bench.judged import of_all
from bench.load import Load, saturate
from bench.paced import pace
from bench.page import page
from bench.pairs import Measured, added
from bench.servers import Server
from bench.variants import (
    BARE,
    METRICS_ONLY,
    NO_LINES,
    OURS,
    PARTS,
    ROOT,
    SETUPS,
    UPSTREAM_ONE,
    VARIANTS,
    Variant,
    made,
)

PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
CALLS = (client_path.IN_PROCESS, client_path.SYNC, client_path.ASYNC)
ROUTES = (5, 100, 1000)
FEW = (BARE, UPSTREAM_ONE, OURS)
PACED_SECONDS = 2  # 600 requests at 300 a second
SHOWN = SETUPS[1]  # the set-up of what is shown with one of them
DRAWN = (METRICS_ONLY.name, UPSTREAM_ONE.name, OURS.name)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every part, one after the other."""
    saturated = partial(saturate, seconds=options.seconds)
    paced = partial(pace, rate=options.rate, seconds=PACED_SECONDS)
    found: dict[str, Any] = {"rate": options.rate, "shown": SHOWN}
    found["setups"] = {setup: _servers(VARIANTS, setup, options.rounds, saturated) for setup in SETUPS}
    found["no lines"] = _servers(VARIANTS, NO_LINES, options.rounds, saturated)
    found["parts"] = _servers(PARTS, SHOWN, options.rounds, saturated)
    found["paced"] = _servers(VARIANTS, SHOWN, options.paced_rounds, paced)
    found["lines"] = setup_lines.measure(options.rounds, 4000)
    found["log lines"] = log_lines.measure(15, 4000)
    found["calls"] = {way: client_path.rounds_of(20, 100, way) for way in CALLS}
    found["start-up"] = start_up.measure(5)
    found["start-up, split"] = start_up.split(found["start-up"])
    found["program"] = start_up.PROGRAM
    few = options.paced_rounds
    found["routes"] = {count: _servers(FEW, NO_LINES, few, saturated, count) for count in ROUTES}
    return found


def _servers(
    variants: tuple[Variant, ...], setup: str, rounds: int, load: Callable[[Server], Load], routes: int = 0
) -> dict[str, Measured]:
    print(f"measuring an application that logs by: {setup}{f', {routes} routes' * bool(routes)} …", flush=True)
    with compare.running(made(variants), setup, routes) as servers:
        return compare.measure(servers, rounds, load)


def _drawn(found: dict[str, Any]) -> dict[str, float]:
    """Return the bars: what each of three adds, by how the application logs."""
    return {
        f"{setup}: {name}": added(servers[name].pairs).value
        for setup, servers in found["setups"].items()
        for name in DRAWN
    }


def main() -> None:
    """Measure, write the page and the plot, print the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rate", type=int, default=300, help="requests per second of the paced load")
    parser.add_argument("--paced-rounds", type=int, default=9)
    found = measure(parser.parse_args())
    PAGE.write_text(page(found), encoding="utf-8")
    PLOT.write_text(plot(_drawn(found)), encoding="utf-8")
    print(*of_all(found), sep="\n")


if __name__ == "__main__":
    main()
