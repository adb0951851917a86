# SPDX-License-Identifier: Apache-2.0
"""`python -m conformance [--write FILE] [PACKAGE …]`: run upstream's suites against our parts; 1 if one complains."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.exceptions import EXCEPTIONS
from conformance.judging import Verdict, judge
from conformance.page import page
from conformance.running import baseline, ours
from conformance.suites import SUITES, Suite

MOST_COMPLAINTS = 25
MOST_REPEATS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("packages", nargs="*", help="only these packages' suites")
    parser.add_argument("--write", type=Path, help="write the page of results here")
    options = parser.parse_args()
    verdicts = []
    for suite in SUITES:
        if not options.packages or suite.package in options.packages:
            verdicts.append(judged(suite))
            _print(verdicts[-1])
    if options.write:
        options.write.write_text(page(verdicts), encoding="utf-8")
    return 1 if not verdicts or any(verdict.complaints for verdict in verdicts) else 0


def judged(suite: Suite) -> Verdict:
    """Return the verdict on a suite, after as many repeats as a busy machine may need."""
    exceptions, upstream, found = EXCEPTIONS.get(suite.package, {}), baseline(suite), ours(suite)
    verdict = judge(suite, upstream, found, exceptions)
    for _ in range(MOST_REPEATS):
        if not verdict.complaints:
            break
        # Some of upstream's tests wait for milliseconds, and fail with upstream's own parts on a busy machine.
        found = found.or_better(ours(suite))
        verdict = judge(suite, upstream, found, exceptions)
    return verdict


def _print(verdict: Verdict) -> None:
    wanted = verdict.upstream_passed - len(verdict.excepted)
    uses = ", ".join(f"{count} {use}" for use, count in sorted(verdict.uses.items()))
    print(
        f"{verdict.suite.package}: {verdict.passed} of {wanted}, {len(verdict.excepted)} excepted; {uses}", flush=True
    )
    for complaint in verdict.complaints[:MOST_COMPLAINTS]:
        print(f"  {complaint}")
    if len(verdict.complaints) > MOST_COMPLAINTS:
        print(f"  and {len(verdict.complaints) - MOST_COMPLAINTS} more")


if __name__ == "__main__":
    sys.exit(main())
