# SPDX-License-Identifier: Apache-2.0
"""What cannot be rightly exposed is left out: one line per metric says so, a counter counts.

Prometheus refuses a whole page for one bad line, so the alternative is no metrics at all.
"""

from __future__ import annotations

from collections import Counter

from otel_distro import diagnostics

_NAMES_AT_MOST = 1000
counts: Counter[str] = Counter()


def report(name: str, why: str) -> None:
    """Count a metric, or a part of it, that a page goes without; say it once, though every scrape meets it again."""
    if name not in counts and len(counts) >= _NAMES_AT_MOST:
        name = "others"
    counts[name] += 1
    if counts[name] == 1:
        diagnostics.report(f"metric {name} {why}")
