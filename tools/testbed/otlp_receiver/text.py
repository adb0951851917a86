# SPDX-License-Identifier: Apache-2.0
"""One line of text per record."""

from __future__ import annotations

from otel_distro.testing import LogRecord, Metric, Point, Record, Span


def describe(record: Record) -> str:
    """Describe a record in one line: signal, service, what happened, ids."""
    if isinstance(record, Span):
        return _span(record)
    if isinstance(record, LogRecord):
        return _log(record)
    return _metric(record)


def _span(span: Span) -> str:
    parent = span.parent_span_id or "-"
    status = "" if span.status == "UNSET" else f" {span.status}"
    ids = f"trace_id={span.trace_id} span_id={span.span_id} parent={parent}"
    return f"span   {span.service} {span.kind} {span.name!r} {span.duration_ms:.1f} ms{status} {ids}"


def _log(record: LogRecord) -> str:
    ids = f" trace_id={record.trace_id} span_id={record.span_id}" if record.trace_id else ""
    return f"log    {record.service} {record.severity_text} {record.body!r}{ids}"


def _metric(metric: Metric) -> str:
    unit = f" {metric.unit}" if metric.unit else ""
    return f"metric {metric.service} {metric.name}{unit} {metric.kind} {'; '.join(map(_point, metric.points))}"


def _point(point: Point) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in point.attributes.items())
    number = f"{point.value:g}" if point.count is None else f"count={point.count} sum={point.value:g}"
    return f"{{{labels}}} {number}"
