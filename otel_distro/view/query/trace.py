# SPDX-License-Identifier: Apache-2.0
"""One trace: its spans as a tree, with its lines inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from otel_distro.view.query.common import log, rows, span

_SPANS_AT_MOST: Final = 20_000
_RUN: Final = 5  # siblings of one name and parent, from so many on, are told as a run
QUERY_MARKS: Final = ("db.system.name", "db.system", "db.query.text", "db.statement")


def trace(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return spans, parents before children and each with its depth, and the lines in the order of time.

    Parameters: `id`, the trace's; without it, the newest one's.
    """
    trace_id = parameters.get("id", "").lower() or _last(connection)
    of_trace = "WHERE trace_id = ? ORDER BY"
    found = [
        span(row)
        for row in rows(connection, f"SELECT * FROM spans {of_trace} start, seq LIMIT ?", [trace_id, _SPANS_AT_MOST])  # noqa: S608  text of ours
    ]
    lines = [log(row) for row in rows(connection, f"SELECT * FROM logs {of_trace} time, seq LIMIT 10000", [trace_id])]  # noqa: S608
    spans = _in_tree(found)
    times = [(s["start_ms"], s["start_ms"] + s["duration_ms"]) for s in spans] or [
        (row["time_ms"],) * 2 for row in lines
    ]
    begin = min((start for start, _ in times), default=0.0)
    return {
        "trace_id": trace_id,
        "start_ms": begin,
        "duration_ms": max((end for _, end in times), default=0.0) - begin,
        "services": sorted({item["service"] for item in (*spans, *lines)}),
        "failed": any(item["failed"] for item in spans),
        "complete": any(not item["parent_id"] for item in spans),
        "spans": spans,
        "logs": lines,
        "runs": runs(spans),
    }


def _last(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT trace_id FROM spans WHERE entry ORDER BY start DESC LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def _in_tree(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Order spans as a tree; those whose parent is not here are roots, and so is the first of a circle."""
    known = {item["span_id"] for item in spans}
    children: dict[str, list[dict[str, Any]]] = {}
    for item in spans:
        children.setdefault(item["parent_id"] if item["parent_id"] in known else "", []).append(item)
    ordered: list[dict[str, Any]] = []
    placed: set[str] = set()
    stack = [(item, 0) for item in reversed(children.get("", []))]
    left = iter(spans)
    while len(ordered) < len(spans):
        if not stack:
            stack.append((next(item for item in left if item["span_id"] not in placed), 0))
        item, depth = stack.pop()
        if item["span_id"] in placed:
            continue
        placed.add(item["span_id"])
        ordered.append({**item, "depth": depth})
        stack += [(child, depth + 1) for child in reversed(children.get(item["span_id"], []))]
    return ordered


def runs(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what one parent does again and again: N+1 queries, above all."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in spans:
        if item["parent_id"]:
            groups.setdefault((item["parent_id"], item["name"]), []).append(item)
    return [
        {
            "parent_id": parent,
            "name": name,
            "count": len(group),
            "total_ms": sum(item["duration_ms"] for item in group),
            "query": any(mark in group[0]["attributes"] for mark in QUERY_MARKS),
            "span_ids": [item["span_id"] for item in group],
        }
        for (parent, name), group in groups.items()
        if len(group) >= _RUN
    ]
