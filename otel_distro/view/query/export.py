# SPDX-License-Identifier: Apache-2.0
"""A trace as OTLP's JSON, to be shared and opened again: `otel-distro view --open FILE`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from otel_distro.view.query.common import KINDS
from otel_distro.view.query.trace import trace


def export(connection: sqlite3.Connection, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a trace's spans and lines as one document. Parameters: those of `trace`."""
    found = trace(connection, parameters)
    return {
        "resourceSpans": [
            {
                "resource": _resource(service),
                "scopeSpans": [{"spans": [_span(s) for s in found["spans"] if s["service"] == service]}],
            }
            for service in found["services"]
        ],
        "resourceLogs": [
            {
                "resource": _resource(service),
                "scopeLogs": [
                    {"scope": {"name": line["logger"]}, "logRecords": [_line(line)]}
                    for line in found["logs"]
                    if line["service"] == service
                ],
            }
            for service in found["services"]
        ],
    }


def _resource(service: str) -> dict[str, Any]:
    return {"attributes": _attributes({"service.name": service})}


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    start = round(span["start_ms"] * 1e6)
    return {
        "traceId": span["trace_id"],
        "spanId": span["span_id"],
        "parentSpanId": span["parent_id"],
        "name": span["name"],
        "kind": KINDS.index(span["kind"]) if span["kind"] in KINDS else 0,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + round(span["duration_ms"] * 1e6)),
        "attributes": _attributes(span["attributes"]),
        "events": [
            {"name": event["name"], "timeUnixNano": event["time"], "attributes": _attributes(event["attributes"])}
            for event in span["events"]
        ],
        "links": [{"traceId": link["trace_id"], "spanId": link["span_id"]} for link in span["links"]],
        "status": {"code": 2 if span["failed"] else 0, "message": span["message"]},
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "timeUnixNano": str(round(line["time_ms"] * 1e6)),
        "severityNumber": line["severity"],
        "severityText": line["level"],
        "body": {"stringValue": line["body"]},
        "attributes": _attributes(line["attributes"]),
        "traceId": line["trace_id"],
        "spanId": line["span_id"],
    }


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(value)}}
    return {} if value is None else {"stringValue": str(value)}
