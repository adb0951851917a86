# SPDX-License-Identifier: Apache-2.0
"""What a variant adds, told apart from a machine whose speed moves: every load is compared with its neighbours in time.

A shared machine is faster and slower by half within a minute, and slows all that runs alike. So bare is loaded before
and after every other load, and what a variant adds is a share of what bare cost at that moment. Reported are medians
over the rounds, and between which values nine of ten runs would lie that are made up of these rounds, drawn at random
(a bootstrap): so far may the figure of another run be off, though nothing has changed.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.load import Load

Round = TypeVar("Round")
_RUNS, _FEW = 1000, 5


@dataclass(frozen=True)
class Estimate:
    """A figure, and what nine of ten runs lie between; a few rounds cannot say that."""

    value: float
    low: float
    high: float
    rounds: int

    def between(self, digits: int) -> str:
        """Return the range as text, empty if it is not known."""
        return "" if self.rounds < _FEW else f"{self.low:.{digits}f} … {self.high:.{digits}f}"


@dataclass(frozen=True)
class Pair:
    """A variant's load in one round, and bare's before and after it."""

    load: Load
    before: Load
    after: Load

    def added(self) -> float:
        """Return the CPU microseconds per request over bare's."""
        return self.load.cpu - self._bare_cpu()

    def share(self) -> float:
        """Return the added CPU as a share of bare's."""
        return self.added() / self._bare_cpu()

    def slower(self) -> float:
        """Return the 99th percentile as a multiple of bare's."""
        return self.load.p99 / statistics.fmean((self.before.p99, self.after.p99))

    def _bare_cpu(self) -> float:
        return statistics.fmean((self.before.cpu, self.after.cpu))


@dataclass(frozen=True)
class Measured:
    """What the rounds showed of one variant; `memory` in MB, after the last of them."""

    pairs: list[Pair]
    memory: float


def estimate(rounds: Sequence[Round], figure: Callable[[Sequence[Round]], float]) -> Estimate:
    """Return a figure of the rounds, and where it lies when they are drawn anew."""
    draw = random.Random(len(rounds))
    again = sorted(figure(draw.choices(rounds, k=len(rounds))) for _ in range(_RUNS))
    return Estimate(figure(rounds), again[_RUNS // 20], again[-_RUNS // 20], len(rounds))


def added(pairs: Sequence[Pair]) -> Estimate:
    """Return the CPU microseconds per request that a variant adds."""
    return estimate(pairs, lambda rounds: statistics.median(pair.added() for pair in rounds))


def slower(pairs: Sequence[Pair]) -> Estimate:
    """Return the 99th percentile as a multiple of bare's."""
    return estimate(pairs, lambda rounds: statistics.median(pair.slower() for pair in rounds))


def quotient(above: Sequence[Pair], below: Sequence[Pair]) -> Estimate:
    """Return how many times the CPU added by one variant is in that of another, both measured in the same rounds."""

    def figure(rounds: Sequence[tuple[Pair, Pair]]) -> float:
        over, under = ([each[which].share() for each in rounds] for which in (0, 1))
        return statistics.median(over) / statistics.median(under)

    return estimate(list(zip(above, below, strict=True)), figure)
