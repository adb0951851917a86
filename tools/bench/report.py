# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measure everything, write docs/benchmarks.md and its plot, print the bar."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import client_path
import compare
import start_up
from bars import plot
from judged import of_all
from load import saturate
from paced import pace
from page import page
from pairs import added
from variants import ROOT

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
CALLS = (client_path.IN_PROCESS, client_path.SYNC, client_path.ASYNC)
ROUTES = (5, 100, 1000)
PACED_SECONDS = 2  # 600 requests at 300 a second


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every part, one after the other."""
    found = _servers(options)
    log_lines = [sys.executable, str(HERE / "log_lines.py")]
    found["log lines"] = json.loads(subprocess.run(log_lines, check=True, capture_output=True, text=True).stdout)
    found["calls"] = {way: client_path.rounds_of(20, 100, way) for way in CALLS}
    found["start-up"] = start_up.measure(5)
    found["start-up, split"] = start_up.split(found["start-up"])
    found["program"] = start_up.PROGRAM
    found["routes"] = {count: _routes(count) for count in ROUTES}
    return found


def _servers(options: argparse.Namespace) -> dict[str, Any]:
    variants = compare.available()
    paced = partial(pace, rate=options.rate, seconds=PACED_SECONDS)
    with compare.running(variants) as servers:
        return {
            "servers": compare.measure(servers, variants, options.rounds, partial(saturate, seconds=options.seconds)),
            "paced": compare.measure(servers, variants, options.paced_rounds, paced),
            "rate": options.rate,
        }


def _routes(count: int) -> dict[str, list[float]]:
    """Measure an application with so many routes before the one that is asked for, in a process of its own."""
    script = f"import asgi_path as a; print(__import__('json').dumps(a.routes({count})))"
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    return dict(json.loads(said.splitlines()[-1]))


def main() -> None:
    """Measure, write the page and the plot, print the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=45)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rate", type=int, default=300, help="requests per second of the paced load")
    parser.add_argument("--paced-rounds", type=int, default=9)
    found = measure(parser.parse_args())
    PAGE.write_text(page(found), encoding="utf-8")
    PLOT.write_text(plot({name: added(row.pairs).value for name, row in found["servers"].items()}), encoding="utf-8")
    print(*of_all(found), sep="\n")


if __name__ == "__main__":
    main()
