# SPDX-License-Identifier: Apache-2.0
"""Lines of threads and processes that share one pipe arrive whole (`make soak-logs` writes 200,000 of them)."""

from __future__ import annotations

from soak_logs import soak


def test_every_line_is_whole_and_valid_with_an_ordinary_reader() -> None:
    outcome = soak(lines=16_000)
    assert outcome.written == outcome.whole == 16_000
    assert (outcome.broken, outcome.missing_short, outcome.missing_long) == (0, 0, 0)


def test_no_line_that_the_kernel_keeps_whole_is_broken_when_the_reader_lags() -> None:
    outcome = soak(lines=6_400, lag_seconds=0.02)
    assert outcome.missing_short == 0
    # Longer ones give up text before they would be torn apart.
    assert outcome.whole >= 0.99 * outcome.written
