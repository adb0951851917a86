# SPDX-License-Identifier: Apache-2.0
"""Before and after a moment: what a reload has changed, route by route."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from otel_distro.view.query.common import number
from otel_distro.view.query.requests import routes, starts

_LAST_OF_MANY_MS = 500.0  # workers of one start follow each other


def compare(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return each route before and after `at` (milliseconds since the epoch; the newest start by default)."""
    marks = starts(connection)
    at = number(parameters, "at", 0) or (marks[0]["time_ms"] - _LAST_OF_MANY_MS if marks else 0)
    service = parameters.get("service", "")
    before = routes(connection, {"before": str(at), "service": service})
    after = routes(connection, {"after": str(at), "service": service})
    sides = [{(row["service"], row["route"]): row for row in side} for side in (before, after)]
    return {
        "at_ms": at,
        "starts": marks,
        "routes": [
            {"service": key[0], "route": key[1], "before": sides[0].get(key), "after": sides[1].get(key)}
            for key in sorted({*sides[0], *sides[1]})
        ],
    }
