# SPDX-License-Identifier: Apache-2.0
"""The ratios that are judged: what was measured beside what must be reached and what is aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pairs import Estimate, Measured, estimate, quotient, slower

METRICS_ONLY, UPSTREAM = "metrics-only stack", "upstream: traces, /metrics"
OURS, UNSAMPLED = "ours: everything", "ours: unsampled"


@dataclass(frozen=True)
class Figure:
    """A ratio of the bar; `high` if more is better, `noise` is how far another run may be off."""

    what: str
    value: float
    must: float
    aim: float
    high: bool = False
    noise: str = ""

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


def of_servers(servers: Mapping[str, Measured]) -> list[Figure]:
    """Return the ratios that need nothing but servers under load."""
    pairs = {name: row.pairs for name, row in servers.items()}
    return [
        _estimated(
            "added CPU per request ÷ the metrics-only stack's", quotient(pairs[OURS], pairs[METRICS_ONLY]), 1, 0.6
        ),
        _estimated("upstream's added CPU ÷ ours", quotient(pairs[UPSTREAM], pairs[OURS]), 8, 14, high=True),
        _estimated("p99 at saturation ÷ bare's", slower(pairs[OURS]), 1.5, 1.2),
        _estimated("unsampled ÷ sampled, added CPU", quotient(pairs[UNSAMPLED], pairs[OURS]), 0.6, 0.4),
    ]


def of_all(found: Mapping[str, Any]) -> list[Figure]:
    """Return all ratios of the bar."""
    memory = {name: row.memory - found["servers"]["bare"].memory for name, row in found["servers"].items()}
    start = {
        name: row["milliseconds"] - found["start-up"]["plain"]["milliseconds"]
        for name, row in found["start-up"].items()
    }
    line = next(value for name, value in found["log lines"].items() if name.startswith("line ÷ bar"))
    return [
        *of_servers(found["servers"]),
        _estimated("added CPU per httpx call ÷ contrib's", of_calls(found["calls"]["in process"]), 0.3, 0.15),
        Figure("one log line ÷ structlog + orjson + ids", line, 1.1, 0.8),
        Figure(
            "start-up added ÷ upstream's, by otel-distro run",
            start["ours, otel-distro run"] / start["upstream"],
            0.5,
            0.25,
        ),
        Figure("start-up added ÷ upstream's, by its launcher", start["ours"] / start["upstream"], 0.5, 0.25),
        Figure("memory added ÷ upstream's", memory[OURS] / memory[UPSTREAM], 0.6, 0.3),
    ]


def of_calls(times: Mapping[str, Sequence[float]]) -> Estimate:
    """Return what a call costs with us over bare, in what it costs with contrib over bare, in the same rounds."""

    def figure(rounds: Sequence[tuple[float, float, float]]) -> float:
        ours, contrib = ([row[which] - row[2] for row in rounds] for which in (0, 1))
        return statistics.median(ours) / statistics.median(contrib)

    return estimate(list(zip(times["ours"], times["contrib"], times["bare"], strict=True)), figure)


def _estimated(what: str, found: Estimate, must: float, aim: float, *, high: bool = False) -> Figure:
    return Figure(what, found.value, must, aim, high, found.between(2))
