# SPDX-License-Identifier: Apache-2.0
"""The tables. Times are nanoseconds since the epoch."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

VERSION: Final = 1
TABLES: Final = """
CREATE TABLE IF NOT EXISTS spans (
    seq INTEGER PRIMARY KEY, trace_id TEXT, span_id TEXT, parent_id TEXT, service TEXT, instance TEXT, name TEXT,
    kind INTEGER, start INTEGER, duration INTEGER, failed INTEGER, entry INTEGER, scope TEXT, message TEXT,
    attributes TEXT, events TEXT, links TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS spans_once ON spans (trace_id, span_id);
CREATE INDEX IF NOT EXISTS entries ON spans (start) WHERE entry;
CREATE TABLE IF NOT EXISTS logs (
    seq INTEGER PRIMARY KEY, time INTEGER, service TEXT, instance TEXT, severity INTEGER, level TEXT, logger TEXT,
    body TEXT, trace_id TEXT, span_id TEXT, attributes TEXT);
CREATE INDEX IF NOT EXISTS logs_of_trace ON logs (trace_id) WHERE trace_id != '';
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, service TEXT, name TEXT, kind TEXT, unit TEXT, help TEXT, labels TEXT,
    UNIQUE (service, name, labels));
CREATE TABLE IF NOT EXISTS points (series INTEGER, time INTEGER, value TEXT, PRIMARY KEY (series, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exemplars (
    series INTEGER, le TEXT, value REAL, trace_id TEXT, time INTEGER, PRIMARY KEY (series, le, trace_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instances (
    service TEXT, instance TEXT, since INTEGER, attributes TEXT, PRIMARY KEY (service, instance)) WITHOUT ROWID;
"""


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open the store; every thread its own connection.

    Raises:
        sqlite3.DatabaseError: The file is none of ours, or damaged.
    """
    address = f"{path.as_uri()}?mode=ro" if readonly else path.as_uri()
    connection = sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where they are not there yet."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    # What is lost with the machine is a picture of an hour: no waiting for the disk.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -4096")
    connection.executescript(TABLES)
