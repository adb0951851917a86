# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measure everything and write docs/benchmarks.md with its plot; nothing in there is written by hand."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import client_path
import compare
import start_up
from bars import plot
from variants import ROOT

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
METRICS_ONLY, UPSTREAM, OURS = "metrics-only stack", "upstream: traces, /metrics", "ours: everything"
UNSAMPLED = "ours: unsampled"
ROUTES = (5, 100, 1000)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every part, one after the other."""
    variants = compare.available("")
    found: dict[str, Any] = {"servers": compare.measure(variants, options.rounds, options.seconds, 16)}
    log_lines = [sys.executable, str(HERE / "log_lines.py")]
    found["log lines"] = json.loads(subprocess.run(log_lines, check=True, capture_output=True, text=True).stdout)
    found["calls"] = client_path.measure(20, 100)
    found["start-up"] = start_up.measure(5)
    found["start-up, split"] = start_up.split(found["start-up"])
    found["routes"] = {count: _routes(count) for count in ROUTES}
    return found


def _routes(count: int) -> dict[str, float]:
    """Return CPU microseconds per request, in process, of an application with so many routes before the one asked for."""
    script = f"import asgi_path as a; print(__import__('json').dumps(a.routes({count})))"
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    return dict(json.loads(said.splitlines()[-1]))


def ratios(found: dict[str, Any]) -> list[tuple[str, float, str, str]]:
    """Return the figures of the bar: what, how much, what must be reached, what is aimed at."""
    servers = found["servers"]
    bare = servers["bare"]
    added = {name: row["cpu"] - bare["cpu"] for name, row in servers.items()}
    memory = {name: row["memory"] - bare["memory"] for name, row in servers.items()}
    calls, start = found["calls"], found["start-up"]
    started = {name: row["milliseconds"] - start["plain"]["milliseconds"] for name, row in start.items()}
    return [
        ("added CPU per request ÷ the metrics-only stack's", added[OURS] / added[METRICS_ONLY], "≤ 1.0", "≤ 0.6"),
        ("upstream's added CPU ÷ ours", added[UPSTREAM] / added[OURS], "≥ 8", "≥ 14"),
        ("p99 at saturation ÷ bare's", servers[OURS]["p99"] / bare["p99"], "≤ 1.5", "≤ 1.2"),
        (
            "added CPU per httpx call ÷ contrib's",
            (calls["ours"] - calls["bare"]) / (calls["contrib"] - calls["bare"]),
            "≤ 0.3",
            "≤ 0.15",
        ),
        ("one log line ÷ structlog + orjson + ids", _line_ratio(found["log lines"]), "≤ 1.1", "≤ 0.8"),
        ("start-up added ÷ upstream's", started["ours"] / started["upstream"], "≤ 0.5", "≤ 0.25"),
        ("memory added ÷ upstream's", memory[OURS] / memory[UPSTREAM], "≤ 0.6", "≤ 0.3"),
        ("unsampled ÷ sampled, added CPU", added[UNSAMPLED] / added[OURS], "≤ 0.6", "≤ 0.4"),
    ]


def _line_ratio(log_lines: dict[str, Any]) -> float:
    return next(value for name, value in log_lines.items() if name.startswith("line ÷ bar"))


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    bare = found["servers"]["bare"]["cpu"]
    bar = [f"| {what} | {value:.2f} | {must} | {aim} |" for what, value, must, aim in ratios(found)]
    servers = [
        f"| {name} | {row['cpu']:.0f} | {row['cpu'] - bare:.0f} | {row['p50']:.1f} | {row['p99']:.1f} | {row['memory']:.0f} |"
        for name, row in found["servers"].items()
    ]
    routes = [
        f"| {count} | {row['ours'] - row['bare']:.0f} | {row['contrib'] - row['bare']:.0f} |"
        for count, row in found["routes"].items()
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `make bench`. Absolute values move from machine to machine, and with what else runs on it; the ratios",
            "within one run are what counts. How the costs came down: [performance.md](performance.md).",
            "",
            (
                f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} when it ended, "
                f"{platform.platform()}, Python {platform.python_version()}, FastAPI {version('fastapi')}, "
                f"uvicorn {version('uvicorn')}, opentelemetry-sdk {version('opentelemetry-sdk')}."
            ),
            "",
            "## The bar",
            "| ratio | measured | must | aim |",
            "|---|--:|--:|--:|",
            *bar,
            "",
            "## A server under load",
            "`GET /items/{id}`: a path parameter, two structlog events, no I/O; uvicorn on one core, wrk with 16 connections and",
            'the collector on the other; medians of interleaved rounds. "Everything" is OTLP traces, /metrics, ids on every',
            "line, the access event, correlation headers and redaction; the others write no access line.",
            "",
            "![added CPU per request](benchmarks.svg)",
            "",
            "| variant | CPU µs/request | added | p50 ms | p99 ms | memory MB |",
            "|---|--:|--:|--:|--:|--:|",
            *servers,
            "",
            "## More routes",
            "In process, without a server: added CPU µs per request, with so many routes before the one that is asked for.",
            "",
            "| routes | ours | upstream |",
            "|--:|--:|--:|",
            *routes,
            "",
            "## Log lines, calls, start-up",
            "```json",
            json.dumps(
                {name: found[name] for name in ("log lines", "calls", "start-up", "start-up, split")},
                indent=1,
                ensure_ascii=False,
            ),
            "```",
            "",
        ]
    )


def main() -> None:
    """Measure, write the page and the plot, print the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()
    found = measure(options)
    if options.keep:
        options.keep.write_text(json.dumps(found, indent=1), encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    bare = found["servers"]["bare"]["cpu"]
    PLOT.write_text(plot({name: row["cpu"] - bare for name, row in found["servers"].items()}), encoding="utf-8")
    for what, value, must, aim in ratios(found):
        print(f"{what:52} {value:6.2f}   must {must}, aim {aim}")


if __name__ == "__main__":
    main()
