# SPDX-License-Identifier: Apache-2.0
"""Metrics: counters as rates, gauges as they are, histograms as heatmap and percentiles."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

import orjson

from otel_distro.view.query.common import number, rows

COLUMNS: Final = 120
_SERIES_AT_MOST: Final = 50


def families(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each metric with its kind and the number of its series. Parameters: `service`."""
    service = parameters.get("service", "")
    return rows(
        connection,
        "SELECT name, kind, unit, help, count(*) AS series, group_concat(DISTINCT service) AS services FROM series "
        "WHERE ? IN ('', service) GROUP BY name ORDER BY name",
        [service],
    )


def metric(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return one metric over time.

    Parameters: `name`, `service`, `minutes` (default 5).

    Raises:
        ValueError: A parameter is not what it must be; the message names it.
    """
    minutes = max(0.1, min(120.0, number(parameters, "minutes", 5)))
    end = time.time_ns()
    begin = int(end - minutes * 60e9)
    found = rows(
        connection,
        "SELECT * FROM series WHERE name = ? AND ? IN ('', service) ORDER BY id LIMIT ?",
        [parameters.get("name", ""), parameters.get("service", ""), _SERIES_AT_MOST],
    )
    kind = found[0]["kind"] if found else "gauge"
    span = {"begin_ms": begin / 1e6, "end_ms": end / 1e6, "columns": COLUMNS}
    points = {row["id"]: _points(connection, row["id"], begin) for row in found}
    shape = {"name": parameters.get("name", ""), "kind": kind, "help": found[0]["help"] if found else "", **span}
    if kind == "histogram":
        return shape | _histogram(points, begin, end) | {"exemplars": _exemplars(connection, points, begin)}
    convert = rates if kind == "counter" else _as_they_are
    return shape | {
        "series": [
            {"service": row["service"], "labels": orjson.loads(row["labels"]), "points": convert(points[row["id"]])}
            for row in found
        ]
    }


def _points(connection: sqlite3.Connection, series: int, begin: int) -> list[tuple[int, Any]]:
    """Return a series' points, with the last one before the beginning: a rate needs it."""
    before = connection.execute(
        "SELECT time, value FROM points WHERE series = ? AND time < ? ORDER BY time DESC LIMIT 1", (series, begin)
    ).fetchall()
    after = connection.execute(
        "SELECT time, value FROM points WHERE series = ? AND time >= ? ORDER BY time", (series, begin)
    ).fetchall()
    return [(row[0], orjson.loads(row[1])) for row in (*before, *after)]


def rates(points: Iterable[tuple[int, float]]) -> list[tuple[float, float]]:
    """Return a counter's increase per second; a value below the last one is one that began anew."""
    found: list[tuple[float, float]] = []
    last: tuple[int, float] | None = None
    for at, value in points:
        if last is not None and at > last[0]:
            increase = value - last[1] if value >= last[1] else value
            found.append((at / 1e6, increase / ((at - last[0]) / 1e9)))
        last = at, value
    return found


def _as_they_are(points: Iterable[tuple[int, float]]) -> list[tuple[float, float]]:
    return [(at / 1e6, value) for at, value in points]


def _histogram(points: Mapping[int, list[tuple[int, Any]]], begin: int, end: int) -> dict[str, Any]:
    """Add all series up: the number of observations per column of time and bucket, and percentiles per column."""
    bounds = sorted({le for of_series in points.values() for _, (_, counts) in of_series for le in counts}, key=_bound)
    cells = [[0.0] * len(bounds) for _ in range(COLUMNS)]
    place = {le: row for row, le in enumerate(bounds)}
    for of_series in points.values():
        for (_, earlier), (at, later) in pairwise(of_series):
            column = min(COLUMNS - 1, max(0, (at - begin) * COLUMNS // max(1, end - begin)))
            for le, count in _increase(earlier[1], later[1]).items():
                cells[column][place[le]] += count
    return {
        "bounds": [le if le == "+Inf" else float(le) for le in bounds],
        "cells": cells,
        "percentiles": [percentiles_of(bounds, column) for column in cells],
    }


def _bound(le: str) -> float:
    return float(le.replace("+Inf", "inf"))


def _increase(earlier: Mapping[str, float], later: Mapping[str, float]) -> dict[str, float]:
    """Return how many observations each bucket got, not cumulated."""
    anew = any(later.get(le, 0) < count for le, count in earlier.items())
    below, found = 0.0, {}
    for le in sorted(later, key=_bound):
        cumulated = later[le] - (0 if anew else earlier.get(le, 0))
        found[le], below = max(0.0, cumulated - below), cumulated
    return found


def percentiles_of(bounds: list[str], counts: list[float]) -> dict[str, float] | None:
    """Return p50, p95 and p99 as `histogram_quantile` would: linear within the bucket."""
    total = sum(counts)
    if not total:
        return None
    return {f"p{rank}": _quantile(bounds, counts, total * rank / 100) for rank in (50, 95, 99)}


def _quantile(bounds: list[str], counts: list[float], rank: float) -> float:
    below, lower = 0.0, 0.0
    for le, count in zip(bounds, counts, strict=True):
        upper = _bound(le)
        if below + count >= rank and count:
            return lower if le == "+Inf" else lower + (upper - lower) * (rank - below) / count
        below, lower = below + count, upper
    return lower


def _exemplars(connection: sqlite3.Connection, series: Iterable[int], begin: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number_of in series:
        found += rows(
            connection,
            "SELECT value, trace_id, time / 1e6 AS time_ms FROM exemplars WHERE series = ? AND time >= ? "
            "ORDER BY time DESC LIMIT 200",
            [number_of, begin],
        )
    return found
