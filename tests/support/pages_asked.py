# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that holds pages of /metrics as if it had scraped them, each under a job of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from testbed.programs import program
from testbed.prometheus import Prometheus
from testbed.scrape import Scrape
from testbed.server import fetch_json

INTERVAL = 15
_SCRAPES = 4  # of each page, one after the other


class Asked:
    """What is asked.

    Args:
        prometheus: which holds the pages.
        time: of the last scrape, in seconds since the epoch.
    """

    def __init__(self, prometheus: Prometheus, time: int) -> None:
        self._prometheus = prometheus
        self._time = time

    def ask(self, query: str, job: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the instant vector of a query about a job: labels without the job's -> value."""
        asked = {"query": query.replace("$job", job), "time": self._time}
        found = fetch_json(f"{self._prometheus.url}/api/v1/query", asked)["data"]["result"]
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in found}


@contextmanager
def holding(pages: Mapping[str, Sequence[Scrape]], directory: Path) -> Iterator[Asked]:
    """Run Prometheus with a history in which each job showed its pages in turn, all jobs at the same moments."""
    end = int(time.time()) - 600
    moments = range(end - INTERVAL * (2 * _SCRAPES - 1), end + 1, INTERVAL)
    history = directory / "history.txt"
    lines = [line for job, shown in pages.items() for line in _samples(job, shown, moments)]
    history.write_text("\n".join([*sorted(lines), "# EOF", ""]))
    subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", history, directory / "data"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with Prometheus(directory, {}) as running:
        yield Asked(running, end)


def _samples(job: str, shown: Sequence[Scrape], moments: Sequence[int]) -> Iterator[str]:
    for number, moment in enumerate(moments):
        page = shown[number * len(shown) // len(moments)]
        for family in page.families.values():
            for sample in family.samples:
                labels = {**sample.labels, "job": job}
                if sample.name.endswith("_created") or "/metrics" in labels.values():
                    continue  # what reads the page is no client
                text = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
                yield f"{sample.name}{{{text}}} {sample.value} {moment}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
