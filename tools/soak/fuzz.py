# SPDX-License-Identifier: Apache-2.0
"""Arbitrary input until the time is over: hypothesis tries each property again and again, from a new seed each time.

    python -m soak.fuzz [--seconds 30] [property ...]

Prints for each property how many examples it has seen in how many seconds; the first that fails is shrunk and shown.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from soak.fuzz_encoder import CHECKS as ENCODER
from soak.fuzz_headers import CHECKS as HEADERS

CHECKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {**ENCODER, **HEADERS}
_BATCH = settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Property:
    """A check, and how often it ran."""

    check: Callable[[Any], None]
    examples: int = 0

    def __call__(self, example: Any) -> None:
        self.examples += 1
        self.check(example)


def fuzz(name: str, seconds: float) -> bool:
    """Try one property for so long, print the count, return whether it held."""
    strategy, check = CHECKS[name]
    counted, started = Property(check), time.monotonic()

    @_BATCH
    @given(example=strategy)
    def batch(example: Any) -> None:
        counted(example)

    try:
        while time.monotonic() < started + seconds:
            batch()
    except Exception:  # noqa: BLE001 - whatever it is, it is the finding
        traceback.print_exc()
        held = False
    else:
        held = True
    outcome = "held" if held else "FAILED"
    print(f"{name:<28} {counted.examples:>9,} examples  {time.monotonic() - started:>6.0f} s  {outcome}", flush=True)
    return held


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("properties", nargs="*", default=list(CHECKS))
    options.add_argument("--seconds", type=float, default=30.0, help="for each property")
    chosen = options.parse_args()
    logging.disable()  # upstream warns of every attribute beyond the limit
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    held = [fuzz(name, chosen.seconds) for name in chosen.properties]
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
