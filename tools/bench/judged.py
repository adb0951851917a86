# SPDX-License-Identifier: Apache-2.0
"""The ratios that are judged: what was measured beside what must be reached and what is aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.pairs import Estimate, Measured, estimate, quotient, slower
from bench.variants import BARE, DDTRACE, METRICS_ONLY, OURS, OURS_LOGS, UNSAMPLED, UPSTREAM_LOGS, UPSTREAM_ONE, Variant


@dataclass(frozen=True)
class Figure:
    """A ratio of the bar; `high` if more is better, `noise` is how far another run may be off, `setup` how the application logs."""

    what: str
    value: float
    must: float
    aim: float
    high: bool = False
    noise: str = ""
    setup: str = ""

    def __str__(self) -> str:
        return (
            f"{self.what:50} {self.value:5.2f} {self.noise:14} must {self.must:g}, aim {self.aim:g}: {self.verdict()}"
        )

    def verdict(self) -> str:
        """Return what is reached: the aim, what must be, or neither."""
        sign = -1 if self.high else 1
        if sign * self.value <= sign * self.aim:
            return "aim reached"
        return "reached" if sign * self.value <= sign * self.must else "missed"


def of_setup(servers: Mapping[str, Measured]) -> list[Figure]:
    """Return the ratios of one application, as far as the variants that they need were measured."""

    def between(above: Variant, below: Variant) -> Estimate | None:
        rows = servers.get(above.name), servers.get(below.name)
        return None if rows[0] is None or rows[1] is None else quotient(rows[0].pairs, rows[1].pairs)

    ours = servers.get(OURS.name)
    found = [
        ("added CPU ÷ the metrics-only stack's", between(OURS, METRICS_ONLY), 1.0, 0.6, False),
        ("upstream's added CPU ÷ ours", between(UPSTREAM_ONE, OURS), 7, 12, True),
        ("upstream's with OTLP logs ÷ ours with them", between(UPSTREAM_LOGS, OURS_LOGS), 6, 10, True),
        ("ddtrace's added CPU ÷ ours", between(DDTRACE, OURS), 3, 5, True),
        ("p99 at saturation ÷ bare's", None if ours is None else slower(ours.pairs), 1.5, 1.2, False),
        ("unsampled ÷ sampled, added CPU", between(UNSAMPLED, OURS), 0.7, 0.5, False),
    ]
    ratios = [
        _estimated(what, value, must, aim, high=high) for what, value, must, aim, high in found if value is not None
    ]
    return [*ratios, *_memory(servers)]


def _memory(servers: Mapping[str, Measured]) -> Iterator[Figure]:
    rows = [servers.get(each.name) for each in (BARE, OURS, UPSTREAM_ONE)]
    bare, ours, upstream = (0.0 if row is None else row.memory for row in rows)
    if bare and ours and upstream:
        yield Figure("memory added ÷ upstream's", (ours - bare) / (upstream - bare), 0.5, 0.3)


def worst(figures: Mapping[str, Sequence[Figure]]) -> list[Figure]:
    """Return each ratio where it is worst.

    Args:
        figures: How the application logs -> its ratios.
    """
    found: dict[str, Figure] = {}
    for setup, ratios in figures.items():
        for each in ratios:
            other = found.get(each.what)
            if other is None or (each.value < other.value) == each.high:
                found[each.what] = replace(each, setup=setup)
    return list(found.values())


def of_all(found: Mapping[str, Any]) -> list[Figure]:
    """Return all ratios of the bar, those of a server where they are worst."""
    start = {
        name: row["milliseconds"] - found["start-up"]["plain"]["milliseconds"]
        for name, row in found["start-up"].items()
    }
    return [
        *worst({setup: of_setup(servers) for setup, servers in found["setups"].items()}),
        line_of_formatter(found["lines"]),
        _estimated("added CPU per httpx call ÷ contrib's", of_calls(found["calls"]["in process"]), 0.3, 0.15),
        Figure(
            "start-up added ÷ upstream's, by otel-distro run",
            start["ours, otel-distro run"] / start["upstream"],
            0.5,
            0.25,
        ),
        Figure("start-up added ÷ upstream's, by its launcher", start["ours"] / start["upstream"], 0.5, 0.35),
    ]


def line_of_formatter(lines: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Return what a line of the application's own `ProcessorFormatter` costs with us over bare, in microseconds."""
    found = added_to_lines(lines["ProcessorFormatter"], "ours")
    return _estimated("µs added to a line of ProcessorFormatter", found, 12, 6)


def added_to_lines(times: Mapping[str, Sequence[float]], variant: str) -> Estimate:
    """Return the microseconds that a variant adds to a line, in the same rounds."""
    rounds = [each - bare for each, bare in zip(times[variant], times[BARE.name], strict=True)]
    return estimate(rounds, statistics.median)


def of_calls(times: Mapping[str, Sequence[float]]) -> Estimate:
    """Return what a call costs with us over bare, in what it costs with contrib over bare, in the same rounds."""

    def figure(rounds: Sequence[tuple[float, float, float]]) -> float:
        ours, contrib = ([row[which] - row[2] for row in rounds] for which in (0, 1))
        return statistics.median(ours) / statistics.median(contrib)

    return estimate(list(zip(times["ours"], times["contrib"], times["bare"], strict=True)), figure)


def _estimated(what: str, found: Estimate, must: float, aim: float, *, high: bool = False) -> Figure:
    return Figure(what, found.value, must, aim, high, found.between(2))
