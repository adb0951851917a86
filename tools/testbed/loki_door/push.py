# SPDX-License-Identifier: Apache-2.0
"""The two ways in: OTLP (`/otlp/v1/logs`) and Loki's own push (`/loki/api/v1/push`, its JSON form).

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from testbed.loki_door.configuration import Limits
from testbed.loki_door.levels import detected_level
from testbed.loki_door.records import Entry, Labelled, entries


class Malformed(ValueError):  # noqa: N818 -- what it says is what it is
    """The body is not what its headers say."""


def unpacked(body: bytes, encoding: str) -> bytes:
    """Take the compression off."""
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise Malformed(f"Content-Encoding {encoding!r} is not supported; expected gzip")
    try:
        return gzip.decompress(body)
    except (OSError, EOFError) as error:
        raise Malformed(f"gzip: {error}") from error


def by_otlp(body: bytes, content_type: str, limits: Limits) -> list[Labelled]:
    """Read an export request, binary or JSON."""
    try:
        if content_type == "application/json":
            request = json_format.Parse(_hexadecimal_ids(body), ExportLogsServiceRequest(), ignore_unknown_fields=True)
        elif content_type == "application/x-protobuf":
            request = ExportLogsServiceRequest.FromString(body)
        else:
            raise Malformed(f"content type: {content_type}, is not supported")
    except (DecodeError, json_format.ParseError, ValueError) as error:
        raise Malformed(str(error)) from error
    return list(entries(request, limits, time.time_ns()))


def _hexadecimal_ids(body: bytes) -> str:
    """OTLP's JSON writes ids in hexadecimal, where protobuf's JSON expects base64."""
    given = json.loads(body)
    for record in (
        r for g in given.get("resourceLogs", ()) for s in g.get("scopeLogs", ()) for r in s.get("logRecords", ())
    ):
        for name in ("traceId", "spanId"):
            if record.get(name):
                import base64

                record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return json.dumps(given)


def by_push(body: bytes, limits: Limits) -> list[Labelled]:
    """Read streams of [time, line, metadata]."""
    try:
        return list(_pushed(json.loads(body), limits))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"push: {error!r}") from error


def _pushed(given: dict[str, list[dict[str, object]]], limits: Limits) -> Iterator[Labelled]:
    for stream in given["streams"]:
        labels = dict(stream["stream"])  # type: ignore[call-overload]
        if labels and "service_name" not in labels:
            labels["service_name"] = "unknown_service"
        for value in stream["values"]:  # type: ignore[attr-defined]
            metadata = dict(value[2]) if len(value) > 2 else {}
            if limits.discover_log_levels:
                metadata.setdefault("detected_level", detected_level(metadata | labels, value[1]))
            yield labels, Entry(int(value[0]), value[1], metadata)
