# SPDX-License-Identifier: Apache-2.0
"""Arbitrary input until the time is over: hypothesis tries each property again and again, from a new seed each time.

    python -m soak.fuzz [--seconds 30 | --examples 20000] [property ...]

Prints for each property how many examples it has seen in how many seconds, also when it is interrupted; the first that
fails is shrunk and shown.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from soak.fuzz_calls import CHECKS as CALLS
from soak.fuzz_encoder import CHECKS as ENCODER
from soak.fuzz_headers import CHECKS as HEADERS

CHECKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {**ENCODER, **HEADERS, **CALLS}
_BATCH = settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Run:
    """One property's: how often it was tried, in how much time."""

    name: str
    examples: int = 0
    outcome: str = "interrupted"

    def __post_init__(self) -> None:
        self.started, self.cpu = time.monotonic(), time.process_time()

    def print(self) -> None:
        """Print the line of the table."""
        seconds, cpu = time.monotonic() - self.started, time.process_time() - self.cpu
        print(
            f"{self.name:<28} {self.examples:>9,} examples {seconds:>6.0f} s {cpu:>6.0f} s CPU  {self.outcome}",
            flush=True,
        )


def fuzz(name: str, more: Callable[[Run], bool]) -> bool:
    """Try one property as long as `more` says, print the count whatever ends it, return whether it held."""
    (strategy, check), run = CHECKS[name], Run(name)

    @_BATCH
    @given(example=strategy)
    def batch(example: Any) -> None:
        run.examples += 1
        check(example)

    try:
        while more(run):
            batch()
        run.outcome = "held"
    except Exception:  # noqa: BLE001 - whatever it is, it is the finding
        traceback.print_exc()
        run.outcome = "FAILED"
    finally:
        run.print()
    return run.outcome == "held"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("properties", nargs="*", default=list(CHECKS))
    options.add_argument("--seconds", type=float, default=30.0, help="for each property")
    options.add_argument("--examples", type=int, help="for each property, however long they take")
    chosen = options.parse_args()
    if unknown := set(chosen.properties) - CHECKS.keys():
        options.error(f"no such property: {', '.join(sorted(unknown))}; there are: {', '.join(CHECKS)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.disable()  # upstream warns of every attribute beyond the limit
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    def more(run: Run) -> bool:
        if chosen.examples is not None:
            return bool(run.examples < chosen.examples)
        return bool(time.monotonic() < run.started + chosen.seconds)

    try:
        held = [fuzz(name, more) for name in chosen.properties]
    except KeyboardInterrupt:
        return 130
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
