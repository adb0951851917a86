# SPDX-License-Identifier: Apache-2.0
"""Read OTLP requests, binary or JSON, and turn them into rows."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_distro.view.receive.metrics import points_of
from otel_distro.view.receive.rows import Batch, LogRow, SpanRow
from otel_distro.view.receive.values import as_json, attributes, value

REQUESTS: Final[dict[str, type[Message]]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
_SERVER, _CONSUMER = 2, 5  # trace.proto's Span.SpanKind
_ERROR = 2  # trace.proto's Status.StatusCode
_IDS: Final = frozenset(("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"))


def parse(signal: str, body: bytes, *, json: bool = False) -> Message:
    """Read a request.

    Args:
        signal: traces, logs or metrics.
        body: Uncompressed.
        json: Whether it is OTLP's JSON rather than protobuf.

    Raises:
        ValueError: It is no such request; the message says why.
    """
    try:
        if not json:
            return REQUESTS[signal].FromString(body)
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")  # noqa: TRY004  bad input, as all else here
        return json_format.ParseDict(_with_base64(document), REQUESTS[signal](), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, RecursionError, TypeError, AttributeError) as error:
        raise ValueError(f"expected an OTLP request of {signal}: {error}") from error


def rows_of(signal: str, message: Message) -> Batch:
    """Turn a request into rows."""
    batch = Batch([], [], [], {})
    _READERS[signal](message, batch)
    return batch


def _with_base64(content: Any) -> Any:
    """Replace the ids' hexadecimal by base64: OTLP's JSON and protobuf's differ in this one point."""
    if isinstance(content, list):
        return [_with_base64(item) for item in content]
    if not isinstance(content, dict):
        return content
    return {key: _id(item) if key in _IDS else _with_base64(item) for key, item in content.items()}


def _id(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    return base64.b64encode(bytes.fromhex(text)).decode()


def _origin(resource: Any, batch: Batch) -> tuple[str, str]:
    found = attributes(resource.attributes)
    instance = found.get("service.instance.id") or found.get("process.pid") or ""
    who = str(found.get("service.name") or "unknown_service"), str(instance)
    batch.resources[who] = as_json(found)
    return who


def _spans(request: Any, batch: Batch) -> None:
    for of_resource in request.resource_spans:
        who = _origin(of_resource.resource, batch)
        for of_scope in of_resource.scope_spans:
            scope = of_scope.scope.name
            batch.spans.extend(_span(span, who, scope) for span in of_scope.spans)


def _span(span: Any, who: tuple[str, str], scope: str) -> SpanRow:
    kind, status, start, parent = span.kind, span.status, _bounded(span.start_time_unix_nano), span.parent_span_id.hex()
    found = attributes(span.attributes)
    code = found.get("http.response.status_code", 0)
    return SpanRow(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=parent,
        service=who[0],
        instance=who[1],
        name=span.name,
        kind=kind,
        start=start,
        duration=max(0, _bounded(span.end_time_unix_nano) - start),
        failed=status.code == _ERROR or (kind == _SERVER and isinstance(code, int) and code >= 500),
        entry=kind in (_SERVER, _CONSUMER) or not parent,
        scope=scope,
        message=status.message,
        attributes=as_json(found),
        events=as_json(
            [
                {"name": event.name, "time": str(event.time_unix_nano), "attributes": attributes(event.attributes)}
                for event in span.events
            ]
        )
        if span.events
        else "[]",
        links=as_json([{"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in span.links])
        if span.links
        else "[]",
    )


def _logs(request: Any, batch: Batch) -> None:
    for of_resource in request.resource_logs:
        who = _origin(of_resource.resource, batch)
        for of_scope in of_resource.scope_logs:
            logger = of_scope.scope.name
            batch.logs.extend(_log(record, who, logger) for record in of_scope.log_records)


def _log(record: Any, who: tuple[str, str], logger: str) -> LogRow:
    body = value(record.body)
    return LogRow(
        time=_bounded(record.time_unix_nano or record.observed_time_unix_nano),
        service=who[0],
        instance=who[1],
        severity=record.severity_number,
        level=record.severity_text.lower() or _level(record.severity_number),
        logger=logger,
        body=body if isinstance(body, str) else as_json(body),
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        attributes=as_json(attributes(record.attributes)),
    )


def _level(severity: int) -> str:
    """Return the name of a severity number: 1-4 trace, 5-8 debug, … 21-24 fatal."""
    return ("", "trace", "debug", "info", "warning", "error", "fatal")[min(6, (severity + 3) // 4)]


def _bounded(nanoseconds: int) -> int:
    return min(nanoseconds, 2**63 - 1)  # what SQLite's integers hold


def _metrics(request: Any, batch: Batch) -> None:
    for of_resource in request.resource_metrics:
        service, _instance = _origin(of_resource.resource, batch)
        for of_scope in of_resource.scope_metrics:
            for metric in of_scope.metrics:
                batch.points.extend(points_of(service, metric))


_READERS: Final[dict[str, Callable[[Any, Batch], None]]] = {"traces": _spans, "logs": _logs, "metrics": _metrics}
