# SPDX-License-Identifier: Apache-2.0
"""What the questions share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
LIMIT: Final = 200


def rows(connection: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Return the rows as dicts."""
    return [dict(row) for row in connection.execute(statement, tuple(values))]


def percentiles(ordered: Sequence[int]) -> dict[str, float]:
    """Return exact percentiles of sorted durations, in milliseconds (nearest rank)."""
    last = len(ordered) - 1
    at = {f"p{number}": ordered[min(last, -(-len(ordered) * number // 100) - 1)] for number in (50, 95, 99)}
    return {name: number / 1e6 for name, number in (*at.items(), ("max", ordered[-1]))}


def since(parameters: Mapping[str, str]) -> int:
    """Return the beginning of the time that is asked for, `minutes` back; 0 for all of it."""
    minutes = number(parameters, "minutes", 0)
    return int(time.time_ns() - minutes * 60e9) if minutes > 0 else 0


def number(parameters: Mapping[str, str], name: str, default: float) -> float:
    """Return a parameter as a number.

    Raises:
        ValueError: It is none; the message names it.
    """
    text = parameters.get(name, "")
    try:
        return float(text) if text else default
    except ValueError:
        raise ValueError(f"{name}={text!r}: expected a number") from None


def limit(parameters: Mapping[str, str], default: int = LIMIT) -> int:
    """Return how many rows are wanted, 10,000 at most."""
    return max(1, min(10_000, int(number(parameters, "limit", default))))


def where(conditions: Iterable[tuple[str, Any]]) -> tuple[str, list[Any]]:
    """Join conditions whose value is given: `("service = ?", "shop")`."""
    given = [(condition, value) for condition, value in conditions if value not in ("", None)]
    return " AND ".join(["1", *(condition for condition, _ in given)]), [value for _, value in given]


def span(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a span as the page has it: times in milliseconds, JSON parsed."""
    return {
        "trace_id": row["trace_id"],
        "span_id": row["span_id"],
        "parent_id": row["parent_id"],
        "service": row["service"],
        "instance": row["instance"],
        "name": row["name"],
        "kind": KINDS[row["kind"]] if 0 <= row["kind"] < len(KINDS) else str(row["kind"]),
        "start_ms": row["start"] / 1e6,
        "duration_ms": row["duration"] / 1e6,
        "failed": bool(row["failed"]),
        "scope": row["scope"],
        "message": row["message"],
        "attributes": orjson.loads(row["attributes"]),
        "events": orjson.loads(row["events"]),
        "links": orjson.loads(row["links"]),
    }


def log(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line as the page has it."""
    return {
        "seq": row["seq"],
        "time_ms": row["time"] / 1e6,
        "service": row["service"],
        "level": row["level"],
        "severity": row["severity"],
        "logger": row["logger"],
        "body": row["body"],
        "trace_id": row["trace_id"],
        "span_id": row["span_id"],
        "attributes": orjson.loads(row["attributes"]),
    }
