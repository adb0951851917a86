# SPDX-License-Identifier: Apache-2.0
"""Lines: by text, level, logger, service, trace, any field."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from otel_distro.view.query.common import limit, log, number, rows, since, where

SEVERITIES: Final = {"trace": 1, "debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
_FIELD: Final = re.compile(r'([A-Za-z_][\w.\-]*)=("[^"]*"|\S+)')


def logs(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the lines that came last, by their time: what services send in batches comes in no order.

    Parameters: `q` (words, and `field=value`), `level` (this one and worse), `logger`, `service`, `trace_id`, `minutes`,
    `after` and `before` (a line's `seq`), `limit`.

    Raises:
        ValueError: A parameter is none of these; the message names it.
    """
    level = parameters.get("level", "")
    if level and level not in SEVERITIES:
        raise ValueError(f"level={level!r}: expected one of {', '.join(SEVERITIES)}")
    clause, values = where(
        [
            ("severity >= ?", SEVERITIES.get(level)),
            ("logger = ?", parameters.get("logger")),
            ("service = ?", parameters.get("service")),
            ("trace_id = ?", parameters.get("trace_id")),
            ("time >= ?", since(parameters) or None),
            ("seq > ?", int(number(parameters, "after", 0)) or None),
            ("seq < ?", int(number(parameters, "before", 0)) or None),
        ]
    )
    text, more = _search(parameters.get("q", ""))
    found = rows(
        connection,
        f"SELECT * FROM logs WHERE {clause}{text} ORDER BY seq DESC LIMIT ?",  # noqa: S608  conditions of ours
        [*values, *more, limit(parameters)],
    )
    return sorted(map(log, found), key=lambda line: (line["time_ms"], line["seq"]))


def _search(query: str) -> tuple[str, list[str]]:
    """Return conditions for fields and words; a word may stand in the message or in any field's value."""
    condition, values = "", []
    for name, value in _FIELD.findall(query):
        condition += " AND (CAST(json_extract(attributes, ?) AS TEXT) = ? OR (? IN ('body', 'message') AND body = ?))"
        plain = value.strip('"')
        values += [f'$."{name}"', plain, name, plain]
    for word in _FIELD.sub(" ", query).split():
        condition += r" AND (body LIKE ? ESCAPE '\' OR attributes LIKE ? ESCAPE '\' OR trace_id = ?)"
        pattern = f"%{_escaped(word)}%"
        values += [pattern, pattern, word.lower()]
    return condition, values


def _escaped(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)


def loggers(connection: sqlite3.Connection, _parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Return each service's loggers with the number of their lines."""
    return rows(
        connection, "SELECT service, logger, count(*) AS lines FROM logs GROUP BY service, logger ORDER BY lines DESC"
    )
