# SPDX-License-Identifier: Apache-2.0
"""All questions by name: `/api/NAME` of the page and `otel-distro view NAME` are these."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

from otel_distro.view.query.common import rows
from otel_distro.view.query.compare import compare
from otel_distro.view.query.export import export
from otel_distro.view.query.findings import findings
from otel_distro.view.query.logs import loggers, logs
from otel_distro.view.query.metrics import families, metric
from otel_distro.view.query.requests import in_flight, requests, routes, starts
from otel_distro.view.query.trace import trace


def overview(connection: sqlite3.Connection, _parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return how much there is, and the services."""
    counts = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  names of ours
        for table in ("spans", "logs", "series")
    }
    services = rows(
        connection,
        "SELECT service, count(*) AS processes, min(since) / 1e6 AS since_ms FROM instances GROUP BY service",
    )
    return {**counts, "services": services}


Question = Callable[[sqlite3.Connection, Mapping[str, str]], Any]
QUESTIONS: Final[dict[str, Question]] = {
    "overview": overview,
    "routes": routes,
    "requests": requests,
    "in-flight": in_flight,
    "starts": starts,
    "trace": trace,
    "export": export,
    "logs": logs,
    "loggers": loggers,
    "metrics": families,
    "metric": metric,
    "compare": compare,
    "findings": findings,
}
