# SPDX-License-Identifier: Apache-2.0
"""The questions that Grafana, the canary and the tests ask.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/ (query, query_range, labels, series).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from testbed.loki_door.configuration import seconds
from testbed.loki_door.grammar import Node, parsed
from testbed.loki_door.metric import vector
from testbed.loki_door.pipeline import Line, lines, selected
from testbed.loki_door.streams import Tenant

Query = Mapping[str, str]
HOUR: Final = 3600.0


def nanoseconds(text: str, default: int) -> int:
    """Read a point in time: nanoseconds, or seconds with or without a fraction."""
    if not text:
        return default
    return int(text) if text.isdigit() and len(text) > 12 else int(float(text) * 1e9)


def window(query: Query) -> tuple[int, int]:
    """Return start and end; the default is the last hour, `since` another length of it."""
    end = nanoseconds(query.get("end", ""), time.time_ns())
    length = seconds(query["since"]) if "since" in query else HOUR
    return nanoseconds(query.get("start", ""), end - int(length * 1e9)), end


def query_now(tenant: Tenant, query: Query) -> dict[str, Any]:
    """Answer /loki/api/v1/query."""
    tree, now = parsed(query["query"]), nanoseconds(query.get("time", ""), time.time_ns())
    if tree.first("LogExpr"):
        return _streams(tenant, tree, (now - int(HOUR * 1e9), now), query)
    found = vector(tree, tenant.streams(), now)
    series = [{"metric": dict(labels), "value": [now / 1e9, _number(value)]} for labels, value in found.items()]
    return {"resultType": "vector", "result": series, "stats": {}}


def query_range(tenant: Tenant, query: Query) -> dict[str, Any]:
    """Answer /loki/api/v1/query_range."""
    tree, (start, end) = parsed(query["query"]), window(query)
    if tree.first("LogExpr"):
        return _streams(tenant, tree, (start, end), query)
    step = (
        float(query["step"]) if query.get("step", "").replace(".", "").isdigit() else seconds(query.get("step", "60s"))
    )
    values: dict[tuple[tuple[str, str], ...], list[list[Any]]] = {}
    for at in range(start, end + 1, int(step * 1e9)):
        for labels, value in vector(tree, tenant.streams(), at).items():
            values.setdefault(labels, []).append([at / 1e9, _number(value)])
    series = [{"metric": dict(labels), "values": points} for labels, points in values.items()]
    return {"resultType": "matrix", "result": series, "stats": {}}


def _streams(tenant: Tenant, tree: Node, between: tuple[int, int], query: Query) -> dict[str, Any]:
    """Return at most `limit` lines, from the end unless `direction` says otherwise, grouped by stream."""
    forward = query.get("direction", "backward") == "forward"
    limit = min(int(query.get("limit", 100)), tenant.limits.max_entries_limit_per_query)
    found = lines(tree.one("LogExpr"), tenant.streams(), *between, backward=not forward)
    groups: dict[tuple[tuple[str, str], ...], list[Line]] = {}
    categorized = "categorize-labels" in query.get("encoding-flags", "")
    for line in islice(found, limit):
        key = tuple(sorted((line.labels if categorized else line.everything()).items()))
        groups.setdefault(key, []).append(line)
    result = [
        {"stream": dict(key), "values": [_value(line, categorized) for line in group]} for key, group in groups.items()
    ]
    flags = {"encodingFlags": ["categorize-labels"]} if categorized else {}
    return {"resultType": "streams", "result": result, "stats": {}, **flags}


def _value(line: Line, categorized: bool) -> list[Any]:
    plain = [str(line.time), line.line]
    return [*plain, {"structuredMetadata": line.metadata} if line.metadata else {}] if categorized else plain


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def labels(tenant: Tenant, query: Query) -> list[str]:
    """Answer /loki/api/v1/labels."""
    return sorted({name for stream in _touched(tenant, query) for name in stream})


def values(tenant: Tenant, name: str, query: Query) -> list[str]:
    """Answer /loki/api/v1/label/NAME/values."""
    return sorted({stream[name] for stream in _touched(tenant, query) if name in stream})


def series(tenant: Tenant, matches: Sequence[str], query: Query) -> list[dict[str, str]]:
    """Answer /loki/api/v1/series."""
    start, _ = window(query)
    chosen = [
        stream
        for match in matches
        for stream in selected(parsed(match).one("LogExpr").one("Selector"), tenant.streams())
    ]
    return [stream.labels for stream in chosen if stream.touches(start)]


def _touched(tenant: Tenant, query: Query) -> list[dict[str, str]]:
    start, _ = window(query)
    return [stream.labels for stream in tenant.streams() if stream.touches(start)]
