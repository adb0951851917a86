# SPDX-License-Identifier: Apache-2.0
"""Write rows, and forget the oldest of the service that takes the most room."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

import orjson

from otel_distro.view.receive.rows import Batch, LogRow, Point, SpanRow

METRICS_NS: Final = 2 * 3_600 * 10**9
_SHARE: Final = 10  # of the largest service's rows, one in so many goes at a time


def _insert(table: str, row: type[SpanRow | LogRow], *, once: bool = False) -> str:
    fields = row._fields
    conflict = "OR IGNORE " if once else ""
    return f"INSERT {conflict}INTO {table} ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})"  # noqa: S608  names of ours


# A batch that is sent again, because its answer was lost, brings no span twice.
_SPAN, _LOG = _insert("spans", SpanRow, once=True), _insert("logs", LogRow)


class Writer:
    """Writes batches, each in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._series: dict[tuple[str, str, str], int] = {}

    def write(self, batch: Batch) -> None:
        """Write a batch.

        Raises:
            sqlite3.Error: The disk is full, the file damaged; nothing of the batch is kept then.
        """
        try:
            self._write(batch)
        except sqlite3.Error:
            self._series.clear()  # those that were made in this transaction are gone with it
            raise

    def _write(self, batch: Batch) -> None:
        with self._connection:
            self._connection.executemany(_SPAN, batch.spans)
            self._connection.executemany(_LOG, batch.logs)
            now = time.time_ns()
            self._connection.executemany(
                "INSERT OR IGNORE INTO instances VALUES (?, ?, ?, ?)",
                [(*who, now, attributes) for who, attributes in batch.resources.items()],
            )
            for point in batch.points:
                self._write_point(point)

    def _write_point(self, point: Point) -> None:
        series = self._series_of(point)
        value = orjson.dumps(point.value).decode()
        self._connection.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", (series, point.time, value))
        self._connection.executemany(
            "INSERT OR REPLACE INTO exemplars VALUES (?, ?, ?, ?, ?)",
            [(series, *exemplar, point.time) for exemplar in point.exemplars],
        )

    def _series_of(self, point: Point) -> int:
        key = point.service, point.name, point.labels
        found = self._series.get(key)
        if found is None:
            self._connection.execute(
                "INSERT OR IGNORE INTO series (service, name, kind, unit, help, labels) VALUES (?, ?, ?, ?, ?, ?)",
                (point.service, point.name, point.kind, point.unit, point.help, point.labels),
            )
            row = self._connection.execute(
                "SELECT id FROM series WHERE service = ? AND name = ? AND labels = ?", key
            ).fetchone()
            found = self._series[key] = int(row[0])
        return found

    def forget(self, max_bytes: int) -> int:
        """Forget metrics of two hours ago, then the oldest rows of the largest service until the size fits.

        Returns:
            How many spans and lines went for the size.
        """
        now, gone = time.time_ns(), 0
        with self._connection:
            self._connection.execute("DELETE FROM points WHERE time < ?", (now - METRICS_NS,))
            self._connection.execute("DELETE FROM exemplars WHERE time < ?", (now - METRICS_NS,))
        while self.size() > max_bytes and (freed := self._forget_of_largest()):
            gone += freed
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        return gone

    def size(self) -> int:
        """Return the bytes in use."""
        pages, free, size = (
            int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _forget_of_largest(self) -> int:
        largest = self._connection.execute(
            "SELECT what, service, count(*) AS rows FROM (SELECT 'spans' AS what, service FROM spans UNION ALL "
            "SELECT 'logs', service FROM logs) GROUP BY what, service ORDER BY rows DESC LIMIT 1"
        ).fetchone()
        if largest is None:
            return 0
        table, service, rows = largest
        with self._connection:
            return self._connection.execute(
                f"DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE service = ? ORDER BY seq LIMIT ?)",  # noqa: S608  one of two names
                (service, max(1, rows // _SHARE)),
            ).rowcount
