# SPDX-License-Identifier: Apache-2.0
"""Answers as lines for people. What strangers sent cannot command the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any


def describe(question: str, item: Any) -> str:
    """Return one part of an answer as text."""
    if isinstance(item, str):
        return item
    if question == "trace":
        return _trace(item)
    if question == "logs":
        return _line(item)
    if question == "findings":
        return _plain(
            f"{item['count']:>8g}  {item['kind']}: {item.get('service', '')} {item['title']}. {item['advice']}"
        )
    return _route(item) if "route" in item else _request(item)


def _route(row: Mapping[str, Any]) -> str:
    errors = f"{row['errors']} failed" if row["errors"] else ""
    numbers = "  ".join(f"{name} {row[name]:.1f}" for name in ("p50", "p95", "p99", "max"))
    return _plain(f"{row['service']:<16} {row['route']:<40} {row['count']:>7}  {numbers} ms  {errors}".rstrip())


def _request(row: Mapping[str, Any]) -> str:
    failed = "  FAILED" if row["failed"] else ""
    return _plain(
        f"{_clock(row['start_ms'])}  {row['service']}  {row['name']}  {row['duration_ms']:.1f} ms{failed}  {row['trace_id']}"
    )


def _line(row: Mapping[str, Any], indent: str = "") -> str:
    fields = " ".join(f"{key}={value}" for key, value in row["attributes"].items() if not key.startswith("exception."))
    text = _plain(
        f"{indent}{_clock(row['time_ms'])}  {row['level']:<8} {row['service']}  {row['body']}  {fields}".rstrip()
    )
    stack = row["attributes"].get("exception.stacktrace")
    return (
        text if not stack else "\n".join([text, *(_plain(f"{indent}    {part}") for part in str(stack).splitlines())])
    )


def _trace(found: Mapping[str, Any]) -> str:
    if not found["spans"] and not found["logs"]:
        return "no such trace"
    lines = [f"trace {found['trace_id']}  {found['duration_ms']:.1f} ms  {', '.join(found['services'])}"]
    known = {span["span_id"] for span in found["spans"]}
    for span in found["spans"]:
        indent = "  " * (span["depth"] + 1)
        failed = f"  FAILED {span['message']}" if span["failed"] else ""
        offset = span["start_ms"] - found["start_ms"]
        lines.append(
            _plain(
                f"{indent}{span['name']}  [{span['service']} {span['kind']}]  +{offset:.1f}  {span['duration_ms']:.1f} ms{failed}"
            )
        )
        lines += [_line(row, f"{indent}  · ") for row in found["logs"] if row["span_id"] == span["span_id"]]
    lines += [_line(row, "  · ") for row in found["logs"] if row["span_id"] not in known]
    return "\n".join(lines)


def _clock(milliseconds: float) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc).astimezone()
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
