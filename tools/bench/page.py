# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md from what was measured: nothing on it is written by hand."""

from __future__ import annotations

import operator
import os
import platform
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from bench.judged import Figure, added_to_lines, of_all, of_calls, of_setup
from bench.pairs import Estimate, Measured, added, estimate, slower
from bench.variants import BARE, OURS, UPSTREAM_ONE

HEAD = """# Benchmarks

Written by `make bench`. Absolute values move from machine to machine, and with what else runs on it; the ratios
within one run are what counts. How the costs came down, and why a bar is missed: [performance.md](performance.md).

{machine}

Within each comparison all variants serve the same application, which logs in the same way, in turn, round after round, each round in another order. Before and after
each of these loads bare is loaded for as long, and what a variant adds is a share of what bare cost just then: a
shared machine that is faster and slower by half within a minute slows both. The figures are medians over the rounds.
"Nine of ten runs" is what a figure would lie between if the run were made up of these rounds, drawn at random (a
bootstrap): differences below that are noise. It is left out where there were less than five rounds. Spans and log
records leave in full batches, none because time is up, so that what a load costs is not paid while another is measured.
"""
BAR = """## The bar
Each ratio where it is worst: a server's in the set-up of the application's logging that is named.
"""
SETUPS = """## By how the application logs
`GET /items/{id}`: a path parameter, two log events, no I/O; uvicorn on one core, wrk with 16 connections and the
collector on the other. Seven set-ups, each as its documentation has it (`tools/bench/apps/log_setups.py`), and the same
in all variants of a table. *ours* is OTLP traces, /metrics, ids on every line, the access event, correlation headers
and redaction; *upstream* has its ids on the lines by the processor, filter or patcher that everybody writes; the
others write no access line. "No lines" is not judged: an application that never logs.

![added CPU per request](benchmarks.svg)
"""
PARTS = """## The parts of ours, and other distributions
The application logs by: {shown}.
"""
PACED = """## Paced load
The same servers, of the application that logs by {shown}, at {rate} requests a second, well below what they can take, sent on schedule whatever the server does;
latency counts from when a request was due (`tools/bench/paced.py`). A request costs more CPU than at saturation,
because the server wakes for each, with cold caches.
"""
ROUTES = """## More routes
The application that never logs, with so many routes before the one that is asked for: CPU µs per request, bare and added.
"""
CALLS = """## An httpx call
CPU µs of the caller per call, alone and what is added: in process, by a transport that answers at once, and to a server
behind a connection, by httpx's one and other client (`tools/bench/client_path.py`).
"""
SETUP_LINES = """## A line of the application's own
CPU µs of one line inside a span, to /dev/null, bare and added (`tools/bench/setup_lines.py`).
"""
LINES = """## A log line of ours
Written to /dev/null, inside a span (`tools/bench/log_lines.py`, which has the code of each). "structlog + orjson +
BytesLogger + ids" is structlog set up as fast as it can be.
"""
START = """## Start-up
CPU of `{program}`, plain, by upstream's launcher with upstream's distribution
and with ours, and by `otel-distro run`. `floor` is upstream's launcher with nothing to set up, `launcher …` the first
process alone; what follows are short-lived children of a service (`tools/bench/start_up.py`).
"""
BAR_COLUMNS = ("ratio", "the application logs by", "measured", "nine of ten runs", "must", "aim", "")
SERVER_COLUMNS = ("variant", "CPU µs/request", "added", "nine of ten runs", "p50 ms", "p99 ms", "p99 ÷ bare's", "MB")


def page(found: Mapping[str, Any]) -> str:
    """Return the page."""
    sections = [
        HEAD.format(machine=_machine()),
        BAR + "\n" + _table(BAR_COLUMNS, map(_bar, of_all(found))),
        SETUPS + "\n" + _ratios(found["setups"]),
        *(f"### {setup}\n{_servers(servers)}" for setup, servers in found["setups"].items()),
        f"### No lines\n{_servers(found['no lines'])}",
        PARTS.format(shown=found["shown"]) + "\n" + _servers(found["parts"]),
        PACED.format(rate=found["rate"], shown=found["shown"]) + "\n" + _servers(found["paced"]),
        SETUP_LINES + "\n" + _setup_lines(found["lines"]),
        ROUTES + "\n" + _routes(found["routes"]),
        CALLS + "\n" + _calls(found["calls"]),
        LINES + "\n" + _lines(found["log lines"]),
        START.format(program=found["program"]) + "\n" + _start(found["start-up"], found["start-up, split"]),
    ]
    return "\n".join(sections)


def _machine() -> str:
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} when it ended, "
        f"{platform.platform()}, Python {platform.python_version()}, FastAPI {version('fastapi')}, "
        f"uvicorn {version('uvicorn')}, opentelemetry-sdk {version('opentelemetry-sdk')}."
    )


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    names = list(columns)
    lines = [names, ["---", *["--:"] * (len(names) - 1)], *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _bar(figure: Figure) -> list[str]:
    sign = "≥" if figure.high else "≤"
    bounds = [f"{sign} {figure.must:g}", f"{sign} {figure.aim:g}"]
    return [
        figure.what,
        figure.setup,
        f"{figure.value:.2f}",
        figure.noise,
        *bounds,
        figure.verdict().replace("missed", "**missed**"),
    ]


def _ratios(setups: Mapping[str, Mapping[str, Measured]]) -> str:
    """Return all ratios of all set-ups; the ones that miss what they must reach are bold."""
    judged = {setup: of_setup(servers) for setup, servers in setups.items()}
    columns = ["the application logs by", *(each.what for each in next(iter(judged.values())))]
    return _table(columns, ([setup, *map(_ratio, ratios)] for setup, ratios in judged.items()))


def _ratio(figure: Figure) -> str:
    return f"**{figure.value:.2f}**" if figure.verdict() == "missed" else f"{figure.value:.2f}"


def _setup_lines(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    columns = ("the application logs by", "bare", "ours adds", "nine of ten runs", "upstream adds", "nine of ten runs")
    return _table(columns, ([setup, *_added_to_line(times)] for setup, times in found.items()))


def _added_to_line(times: Mapping[str, Sequence[float]]) -> list[str]:
    adds = [added_to_lines(times, name) for name in ("ours", "upstream")]
    between = [text for each in adds for text in (f"{each.value:.1f}", each.between(1))]
    return [f"{statistics.median(times['bare']):.1f}", *between]


def _servers(found: Mapping[str, Measured]) -> str:
    return _table(SERVER_COLUMNS, (_server(name, row) for name, row in found.items()))


def _server(name: str, row: Measured) -> list[str]:
    cpu, p50, p99 = (
        statistics.median(getattr(pair.load, figure) for pair in row.pairs) for figure in ("cpu", "p50", "p99")
    )
    extra = ["", ""] if name == "bare" else _between(added(row.pairs))
    return [
        name,
        f"{cpu:.0f}",
        *extra,
        f"{p50:.1f}",
        f"{p99:.1f}",
        f"{slower(row.pairs).value:.2f}",
        f"{row.memory:.0f}",
    ]


def _between(found: Estimate) -> list[str]:
    return [f"{found.value:.0f}", found.between(0)]


def _routes(found: Mapping[int, Mapping[str, Measured]]) -> str:
    columns = ("routes", "bare", "ours adds", "nine of ten runs", "upstream adds", "nine of ten runs")
    return _table(columns, ([str(count), *_with_routes(servers)] for count, servers in found.items()))


def _with_routes(servers: Mapping[str, Measured]) -> list[str]:
    bare = statistics.median(pair.load.cpu for pair in servers[BARE.name].pairs)
    ours, upstream = (_between(added(servers[variant.name].pairs)) for variant in (OURS, UPSTREAM_ONE))
    return [f"{bare:.0f}", *ours, *upstream]


def _added_to_bare(times: Mapping[str, Sequence[float]]) -> list[str]:
    """Return what bare costs and, for each of the others, what it adds in the same round."""
    adds = [list(map(operator.sub, times[name], times["bare"])) for name in ("ours", "contrib")]
    between = [_between(estimate(values, statistics.median)) for values in adds]
    return [f"{statistics.median(times['bare']):.0f}", *between[0], *between[1]]


def _calls(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    columns = ("", "bare", "ours adds", "nine of ten runs", "contrib adds", "nine of ten runs", "ours ÷ contrib")
    rows = ([way, *_added_to_bare(times), f"{of_calls(times).value:.2f}"] for way, times in found.items())
    return _table(columns, rows)


def _lines(found: Mapping[str, Any]) -> str:
    costs = _table(
        ("variant", "CPU µs/line"), ((name, f"{ns / 1000:.1f}") for name, ns in found["nanoseconds per call"].items())
    )
    ratios = _table(("", ""), ((name, f"{value:g}") for name, value in found.items() if not isinstance(value, dict)))
    return costs + "\n" + ratios


def _start(found: Mapping[str, Mapping[str, float]], split: Mapping[str, float]) -> str:
    columns, figures = (
        ("", "CPU ms", "least", "largest resident MB"),
        ("milliseconds", "least milliseconds", "megabytes"),
    )
    rows = ((name, *(f"{row[figure]:.0f}" for figure in figures)) for name, row in found.items())
    where = ((name, f"{value:.2f}" if name.startswith("ratio") else f"{value:.0f} ms") for name, value in split.items())
    return _table(columns, rows) + "\n" + _table(("where it is", ""), where)
