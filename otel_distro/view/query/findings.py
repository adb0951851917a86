# SPDX-License-Identifier: Apache-2.0
"""What is not as it should be, in what was received: each with how often, an example, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from otel_distro.view.query.common import rows
from otel_distro.view.query.trace import QUERY_MARKS

Finding = dict[str, Any]
_MANY_SERIES: Final = 1500  # of 2000, which is the default of OTEL_DISTRO_METRICS_CARDINALITY_LIMIT
_DEPRECATED: Final = {
    "http.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "http.url": "url.full",
    "http.target": "url.path",
    "db.statement": "db.query.text",
    "db.system": "db.system.name",
    "net.peer.name": "server.address",
}


class _Check(NamedTuple):
    """One question to the store; `title` is filled in with what a row has."""

    kind: str
    title: str
    advice: str
    sql: str
    parameters: Sequence[str | int] = ()

    def findings(self, connection: sqlite3.Connection) -> Iterator[Finding]:
        for row in rows(connection, self.sql, self.parameters):
            example = {key: row[key] for key in ("service", "trace_id", "name") if row.get(key)}
            title = self.title.format_map(row)
            yield {"kind": self.kind, "title": title, "advice": self.advice, "count": row["count"], **example}


def findings(connection: sqlite3.Connection, _parameters: Mapping[str, str] | None = None) -> list[Finding]:
    """Return all findings, the ones that lose something first."""
    return [finding for check in _CHECKS for finding in check.findings(connection)]


def _deprecated(old: str, new: str) -> _Check:
    return _Check(
        "deprecated",
        f"{old} is {new} now",
        "Raise the instrumentation, or set OTEL_SEMCONV_STABILITY_OPT_IN.",
        "SELECT service, count(*) AS count, max(trace_id) AS trace_id FROM spans WHERE attributes LIKE ? GROUP BY service",
        [f'%"{old}":%'],
    )


_QUERIES = " OR ".join(f"attributes LIKE '%\"{mark}\"%'" for mark in QUERY_MARKS)
_CHECKS: Final = (
    _Check(
        "dropped",
        "{name} counts {count:g}",
        "The queue was full, or something of the distribution's failed: see the service's own lines, `otel-distro check`.",
        "SELECT s.service, s.name, max(CAST(p.value AS REAL)) AS count FROM series s JOIN points p ON p.series = s.id "
        "WHERE s.kind = 'counter' AND (s.name LIKE '%dropped%' OR s.name LIKE 'otel_distro_faults%') "
        "GROUP BY s.service, s.name HAVING count > 0",
    ),
    _Check(
        "missing parent",
        "spans whose parent never came",
        "The caller does not send its spans here, was not sampled, or has not ended yet.",
        "SELECT service, count(*) AS count, max(trace_id) AS trace_id FROM spans AS s WHERE parent_id != '' AND NOT EXISTS "
        "(SELECT 1 FROM spans AS p WHERE p.trace_id = s.trace_id AND p.span_id = s.parent_id) GROUP BY service",
    ),
    _Check(
        "N+1 queries",
        "{name} again and again in one request",
        "One query for all of them (a join, `IN`, `selectinload`) in place of one for each.",
        "SELECT service, name, max(n) AS count, max(trace_id) AS trace_id FROM (SELECT service, name, trace_id, count(*) AS n "  # noqa: S608 - names of ours
        f"FROM spans WHERE parent_id != '' AND ({_QUERIES}) GROUP BY trace_id, parent_id, name HAVING n >= 5) GROUP BY service, name",
    ),
    _Check(
        "no trace_id",
        "lines of {from_logger} outside of any trace",
        "Some lines of this logger have ids and these have none: a thread or a task that was started outside of the request.",
        "SELECT service, logger AS name, coalesce(nullif(logger, ''), 'a logger') AS from_logger, count(*) AS count FROM logs "
        "WHERE trace_id = '' AND logger NOT IN ('uvicorn.error', 'gunicorn.error') AND EXISTS "
        "(SELECT 1 FROM logs AS l WHERE l.service = logs.service AND l.logger = logs.logger AND l.trace_id != '') "
        "GROUP BY service, logger",
    ),
    _Check(
        "many series",
        "{name} is near its limit of series",
        "Beyond OTEL_DISTRO_METRICS_CARDINALITY_LIMIT all goes into one series: take the label with ids in it away.",
        "SELECT service, name, count(*) AS count FROM series GROUP BY service, name HAVING count >= ?",
        [_MANY_SERIES],
    ),
    *(_deprecated(old, new) for old, new in _DEPRECATED.items()),
    _Check(
        "redacted",
        "lines had secrets, which were replaced",
        "Better not to log them.",
        "SELECT service, count(*) AS count FROM logs WHERE attributes LIKE '%[REDACTED]%' OR body LIKE '%[REDACTED]%' GROUP BY service",
    ),
)
