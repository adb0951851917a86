# SPDX-License-Identifier: Apache-2.0
"""Loki's door (tools/testbed/loki_door), or a real Loki that somebody gives, and questions to it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from testbed.processes import free_port
from testbed.server import REPOSITORY, Server, eventually, fetch_json

PAGE = 5000
HOUR = 3600 * 10**9
# Otherwise Loki mixes labels and structured metadata in its answers.
_CATEGORIZED = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


@dataclass(frozen=True)
class Row:
    """One log line as Loki answers it.

    Attributes:
        time: nanoseconds since the epoch.
        line: the record's body.
        labels: stream labels.
        metadata: structured metadata.
    """

    time: int
    line: str
    labels: dict[str, str]
    metadata: dict[str, str]


class Loki:
    """Whatever answers as Loki does.

    Attributes:
        url: where it listens.
        tenant: whose data is written and asked for.
    """

    url: str
    tenant: str = "fake"

    @property
    def otlp(self) -> str:
        """The endpoint for LOKI_OTLP_ENDPOINT."""
        return f"{self.url}/otlp"

    @property
    def variables(self) -> dict[str, str]:
        """What tells a Collector to write here."""
        return {"LOKI_OTLP_ENDPOINT": self.otlp, "LOKI_TENANT": self.tenant}

    @property
    def _headers(self) -> dict[str, str]:
        return {**_CATEGORIZED, "X-Scope-OrgID": self.tenant}

    def stored(self, service: str) -> int:
        """Return how many lines it holds of a service."""
        return int(sum(self.value(f'sum(count_over_time({{service_name="{service}"}}[3h]))').values()))

    def numbers(self, service: str) -> list[int]:
        """Return the `number` of every line that it holds of a service."""
        return numbers(self.rows(f'{{service_name="{service}"}}', hours=3))

    def rows(self, logql: str, hours: float = 1.0) -> list[Row]:
        """Return every line that a log query finds in the last hours, oldest first."""
        end = time.time_ns() + HOUR // 6
        return list(self._pages(logql, end - int((hours + 1 / 6) * HOUR), end))

    def value(self, logql: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the series of a metric query, now: labels (sorted) -> value."""
        answer = self._data("query", query=logql, time=time.time_ns())
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in answer["result"]}

    def streams(self) -> list[dict[str, str]]:
        """Return the label sets of all streams."""
        start = time.time_ns() - HOUR
        found = fetch_json(
            f"{self.url}/loki/api/v1/series", {"match[]": '{service_name=~".+"}', "start": start}, self._headers
        )
        return list(found.get("data") or [])

    def _pages(self, logql: str, start: int, end: int) -> Iterator[Row]:
        """Ask page by page; a page starts where the last one ended, less the lines of that instant already seen."""
        seen: set[tuple[int, str, str]] = set()
        while True:
            page = self._page(logql, start, end)
            fresh = [row for row in page if (row.time, row.line, str(row.metadata)) not in seen]
            yield from fresh
            if len(page) < PAGE or not fresh:
                return
            start = page[-1].time
            seen = {(row.time, row.line, str(row.metadata)) for row in page if row.time == start}

    def _page(self, logql: str, start: int, end: int) -> list[Row]:
        options = {"query": logql, "start": start, "end": end, "limit": PAGE, "direction": "forward"}
        streams = self._data("query_range", **options)["result"]
        rows = [_row(stream["stream"], value) for stream in streams for value in stream["values"]]
        return sorted(rows, key=lambda row: row.time)

    def _data(self, path: str, **query: Any) -> Any:
        return fetch_json(f"{self.url}/loki/api/v1/{path}", query, self._headers)["data"]


class LokiDoor(Server, Loki):
    """Loki's door with one of the configurations of `collector/loki/`.

    Args:
        directory: a folder of its own.
        port: a free one unless given.
        configuration: a file of `collector/loki/`, or any other by its path.
        store: base URL of the VictoriaLogs that gets what is accepted.
    """

    ready_path = "/ready"

    def __init__(
        self, directory: Path, port: int | None = None, configuration: str | Path = "local.yaml", store: str = ""
    ) -> None:
        super().__init__(directory, port or free_port())
        self.configuration = REPOSITORY / "collector" / "loki" / configuration
        self.store = store

    def command(self) -> Sequence[str]:
        options = [f"--port={self.port}", f"--config={self.configuration}"]
        return [sys.executable, "-m", "testbed.loki_door", *options, *([f"--store={self.store}"] if self.store else [])]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(REPOSITORY / "tools"), **cache_of_programs()}


class GivenLoki(Loki):
    """A real Loki at an address that somebody gives; a tenant of its own keeps every user of it apart.

    It must run with a configuration of `collector/loki/` and `-auth.enabled=true`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.tenant = f"test-{uuid4().hex[:12]}"

    def __enter__(self) -> GivenLoki:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave it as it is: it is somebody else's."""


def given_loki() -> str:
    """Return the address of a real Loki for the tests, if there is one."""
    return os.environ.get("OTEL_DISTRO_TEST_LOKI", "")


def loki_for_tests(directory: Path, store: str = "") -> LokiDoor | GivenLoki:
    """Return the real Loki that was given, else Loki's door."""
    return GivenLoki(given_loki()) if given_loki() else LokiDoor(directory, store=store)


def cache_of_programs() -> dict[str, str]:
    """Return what tells a child where built programs are kept, if that is not the usual place."""
    return {name: os.environ[name] for name in ("XDG_CACHE_HOME",) if name in os.environ}


def _row(labels: dict[str, str], value: list[Any]) -> Row:
    metadata = value[2].get("structuredMetadata", {}) if len(value) > 2 else {}
    return Row(int(value[0]), value[1], labels, metadata)


def await_rows(loki: Loki, logql: str, count: int, timeout: float = 20.0) -> list[Row]:
    """Wait until a query finds at least so many lines, and return them.

    Raises:
        TimeoutError: After so many seconds.
    """
    enough = eventually(lambda: len(loki.rows(logql)) >= count, timeout, f"{count} rows of {logql}")
    return loki.rows(logql) if enough else []


def numbers(rows: Sequence[Row]) -> list[int]:
    """Return the `number` field of each row, for tests that count lines."""
    return [int(row.metadata["number"]) if "number" in row.metadata else json.loads(row.line)["number"] for row in rows]
