# SPDX-License-Identifier: Apache-2.0
"""A real Loki, and questions to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import free_port
from programs import program

from stack.server import REPOSITORY, Server, eventually, fetch_json

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


class Loki(Server):
    """Loki with one of the configurations of `collector/loki/`."""

    ready_path = "/ready"

    def __init__(self, directory: Path, port: int | None = None, configuration: str = "local.yaml") -> None:
        super().__init__(directory, port or free_port())
        self.configuration = REPOSITORY / "collector" / "loki" / configuration
        self._grpc_port = free_port()

    def command(self) -> Sequence[str]:
        return [str(program("loki")), f"-config.file={self.configuration}", "-config.expand-env=true"]

    def environment(self) -> dict[str, str]:
        ports = {"LOKI_HTTP_PORT": str(self.port), "LOKI_GRPC_PORT": str(self._grpc_port)}
        return {"LOKI_STORAGE": str(self.directory), "LOKI_HOST": "127.0.0.1", **ports}

    @property
    def otlp(self) -> str:
        """The endpoint for LOKI_OTLP_ENDPOINT."""
        return f"{self.url}/otlp"

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
        found = fetch_json(f"{self.url}/loki/api/v1/series", {"match[]": '{service_name=~".+"}', "start": start})
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
        return fetch_json(f"{self.url}/loki/api/v1/{path}", query, _CATEGORIZED)["data"]


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
