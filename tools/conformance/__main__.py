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
from conformance.suites import SUITES

MOST_COMPLAINTS = 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("packages", nargs="*", help="only these packages' suites")
    parser.add_argument("--write", type=Path, help="write the page of results here")
    options = parser.parse_args()
    verdicts = [
        judge(suite, baseline(suite), ours(suite), EXCEPTIONS.get(suite.package, {}))
        for suite in SUITES
        if not options.packages or suite.package in options.packages
    ]
    for verdict in verdicts:
        _print(verdict)
    if options.write:
        options.write.write_text(page(verdicts), encoding="utf-8")
    return 1 if not verdicts or any(verdict.complaints for verdict in verdicts) else 0


def _print(verdict: Verdict) -> None:
    wanted = verdict.upstream_passed - len(verdict.excepted)
    uses = ", ".join(f"{count} {use}" for use, count in sorted(verdict.uses.items()))
    print(f"{verdict.suite.package}: {verdict.passed} of {wanted}, {len(verdict.excepted)} excepted; {uses}")
    for complaint in verdict.complaints[:MOST_COMPLAINTS]:
        print(f"  {complaint}")
    if len(verdict.complaints) > MOST_COMPLAINTS:
        print(f"  and {len(verdict.complaints) - MOST_COMPLAINTS} more")


if __name__ == "__main__":
    sys.exit(main())
