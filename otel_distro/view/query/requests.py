# SPDX-License-Identifier: Apache-2.0
"""Routes with their rates, errors and latencies; the requests of one; those that have not ended."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from otel_distro.view.query.common import limit, number, percentiles, rows, since, span, where

_ORDERS: Final = {
    "": "failed DESC, start DESC",
    "failed": "failed DESC, start DESC",
    "slow": "duration DESC",
    "new": "start DESC",
}
_IN_FLIGHT_NS: Final = 600 * 10**9  # whoever has not ended after ten minutes is not called in flight any more


def routes(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row per service and route, failing ones first, then by the time that all of their requests took.

    Parameters: `service`, `minutes`, `after` and `before` (milliseconds since the epoch).
    """
    clause, values = where(_time_and_service(parameters))
    found = connection.execute(
        "SELECT service, name, duration, failed, start FROM spans "  # noqa: S608  conditions of ours
        f"WHERE entry AND {clause} ORDER BY service, name, duration",
        values,
    )
    summaries = [
        _summary(key, [tuple(row)[2:] for row in group]) for key, group in groupby(found, lambda r: (r[0], r[1]))
    ]
    return sorted(summaries, key=lambda row: (row["errors"] == 0, -row["total_ms"]))


def _summary(key: tuple[str, str], requests: list[tuple[int, int, int]]) -> dict[str, Any]:
    durations = [duration for duration, _, _ in requests]
    starts = [start for _, _, start in requests]
    seconds = max(1.0, (max(starts) - min(starts)) / 1e9)
    return {
        "service": key[0],
        "route": key[1],
        "count": len(requests),
        "errors": sum(failed for _, failed, _ in requests),
        "per_second": len(requests) / seconds if len(requests) > 1 else 0.0,
        **percentiles(durations),
        "total_ms": sum(durations) / 1e6,
        "last_ms": max(starts) / 1e6,
    }


def requests(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return requests, failed ones first.

    Parameters: those of `routes`, `route`, `order` (failed, slow, new), `failed` (1), `min_ms`, `limit`.

    Raises:
        ValueError: A parameter is none of these; the message names it.
    """
    order = _ORDERS.get(parameters.get("order", ""))
    if order is None:
        raise ValueError(f"order={parameters['order']!r}: expected failed, slow or new")
    clause, values = where(
        [
            *_time_and_service(parameters),
            ("name = ?", parameters.get("route")),
            ("failed = ?", 1 if parameters.get("failed") else None),
            ("duration >= ?", int(number(parameters, "min_ms", 0) * 1e6) or None),
        ]
    )
    found = rows(
        connection,
        f"SELECT * FROM spans WHERE entry AND {clause} ORDER BY {order} LIMIT ?",  # noqa: S608  conditions of ours
        [*values, limit(parameters)],
    )
    return [span(row) for row in found]


def in_flight(connection: sqlite3.Connection, _parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Return traces of which lines or inner spans are here, but of whose service no entry has ended yet.

    A span is sent when it ends, its lines as they are written: so what runs is told by what it said.
    """
    now = time.time_ns()
    found = rows(
        connection,
        "SELECT trace_id, service, min(time) AS since, count(*) AS lines, body, logger FROM logs "
        "WHERE trace_id != '' AND time > ? AND NOT EXISTS (SELECT 1 FROM spans "
        "WHERE spans.trace_id = logs.trace_id AND spans.service = logs.service AND spans.entry) "
        "GROUP BY trace_id, service ORDER BY since LIMIT 100",
        [now - _IN_FLIGHT_NS],
    )
    return [
        {
            "trace_id": row["trace_id"],
            "service": row["service"],
            "since_ms": row["since"] / 1e6,
            "running_ms": (now - row["since"]) / 1e6,
            "lines": row["lines"],
            "first_line": row["body"],
            "logger": row["logger"],
        }
        for row in found
    ]


def starts(connection: sqlite3.Connection, _parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Return when each process of each service was first heard of: reloads and restarts, as marks on an axis of time."""
    found = rows(connection, "SELECT service, instance, since FROM instances ORDER BY since DESC LIMIT 200")
    return [{"service": row["service"], "instance": row["instance"], "time_ms": row["since"] / 1e6} for row in found]


def _time_and_service(parameters: Mapping[str, str]) -> list[tuple[str, Any]]:
    return [
        ("service = ?", parameters.get("service")),
        ("start >= ?", since(parameters) or int(number(parameters, "after", 0) * 1e6) or None),
        ("start < ?", int(number(parameters, "before", 0) * 1e6) or None),
    ]
