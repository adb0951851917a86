# SPDX-License-Identifier: Apache-2.0
"""Run the whole matrix of ends, and write its table into docs/ends.md.

python -m soak.ends            every row, about half an hour
python -m soak.ends gunicorn   the rows whose text has this word, to the screen only
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import groupby
from pathlib import Path

from testbed.ends import LIMIT_SECONDS, MARGIN_SECONDS, REQUESTS, End, Outcome, both, matrix

PAGE = Path(__file__).parents[2] / "docs" / "ends.md"
MARK = "<!-- written by `make soak-ends` -->"
AT_ONCE = 2

Row = tuple[End, Outcome, Outcome, list[str]]


def run(end: End) -> Row:
    """Run a row, and say what is wrong with it."""
    bare, ours = both(end)
    wrong = []
    if bare.status != ours.status:
        wrong.append(f"status {ours.status} instead of {bare.status}")
    if ours.seconds > bare.seconds + LIMIT_SECONDS + MARGIN_SECONDS:
        wrong.append(f"{ours.seconds:.1f} s")
    spans = REQUESTS * (2 if end.application == "FastAPI" else 1)
    arrived = (ours.spans, ours.lines, ours.measured)
    if end.collector == "up" and arrived != (REQUESTS,) * 3:
        wrong.append(f"{arrived} of {REQUESTS} arrived")
    if end.collector != "up" and ours.lost != spans:
        wrong.append(f"{ours.lost} of {spans} spans said to be lost")
    print("FAIL" if wrong else "ok  ", end, f"{bare.seconds:.1f} s, {ours.seconds:.1f} s", *wrong, flush=True)
    return end, bare, ours, wrong


def table(rows: Iterable[Row]) -> str:
    """Sum rows up per server, application and ending."""
    lines = [
        "| server | application | ending | status | bare s | up s | bad collector s | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (server, application, ending), group in groupby(
        rows, lambda row: (row[0].server, row[0].application, row[0].ending)
    ):
        found = list(group)
        up = [ours.seconds for end, _, ours, _ in found if end.collector == "up"]
        bad = [ours.seconds for end, _, ours, _ in found if end.collector != "up"]
        bare = max(bare.seconds for _, bare, _, _ in found)
        wrong = sorted({f"{end.collector}, {end.exporter}: {text}" for end, _, _, texts in found for text in texts})
        status = found[0][2].status
        cells = (
            server,
            application,
            ending,
            status,
            f"{bare:.1f}",
            f"{max(up):.1f}",
            f"{max(bad):.1f}",
            "; ".join(wrong),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Run the matrix."""
    chosen = [end for end in matrix() if all(word in str(end) for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(run, chosen))
    if not words:
        text = f"{MARK}\n\n{len(rows)} ends on {date.today()}, a limit of {LIMIT_SECONDS:.0f} s; seconds are the longest.\n\n"  # noqa: DTZ011
        PAGE.write_text(PAGE.read_text().partition(MARK)[0] + text + table(rows) + "\n")
    return int(any(wrong for _, _, _, wrong in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
