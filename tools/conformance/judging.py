# SPDX-License-Identifier: Apache-2.0
"""Compare a run of ours with upstream's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.running import Outcome
from conformance.suites import Suite


@dataclass(frozen=True)
class Verdict:
    """What a suite says of our parts."""

    suite: Suite
    upstream_passed: int
    passed: int
    excepted: Mapping[str, str]
    gained: tuple[str, ...]  # fail upstream, pass with ours
    uses: Mapping[str, int]
    complaints: tuple[str, ...]


def judge(suite: Suite, upstream: Outcome, ours: Outcome, exceptions: Mapping[str, str]) -> Verdict:
    """Return the verdict: every test that passes upstream passes with ours, or is excepted; every part really ran."""
    expected, passed = upstream.tests("passed"), ours.tests("passed")
    complaints = [
        *(f"fails with our parts: {test}" for test in sorted(expected - passed - set(exceptions))),
        *(f"is excepted but passes, or is gone: {test}" for test in sorted(set(exceptions) - (expected - passed))),
        *(f"never ran: {use}" for use in suite.uses if not ours.uses.get(use)),
    ]
    return Verdict(
        suite=suite,
        upstream_passed=len(expected),
        passed=len(expected & passed),
        excepted=exceptions,
        gained=tuple(sorted(passed & upstream.tests("failed"))),
        uses=ours.uses,
        complaints=tuple(complaints),
    )
