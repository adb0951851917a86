# SPDX-License-Identifier: Apache-2.0
"""Turn OTLP export requests into the records that the receiver keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from otel_distro.testing.records import (
    Attributes,
    LogRecord,
    Metric,
    Origin,
    Point,
    Record,
    Span,
    SpanEvent,
    SpanLink,
)


def decode(signal: str, body: bytes) -> list[Record]:
    """Decode the body of an export request.

    Args:
        signal: traces, logs or metrics.
        body: The request as binary protobuf, uncompressed.

    Raises:
        google.protobuf.message.DecodeError: If the body is not such a request.
    """
    request_type, records_of = _SIGNALS[signal]
    return list(records_of(request_type.FromString(body)))


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            origin = _origin(resource_spans, scope_spans)
            yield from (_span(origin, span) for span in scope_spans.spans)


def _span(origin: Origin, span: trace_pb2.Span) -> Span:
    return Span(
        origin=origin,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex() or None,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        events=tuple(SpanEvent(e.name, e.time_unix_nano, _attributes(e.attributes)) for e in span.events),
        links=tuple(SpanLink(li.trace_id.hex(), li.span_id.hex(), _attributes(li.attributes)) for li in span.links),
        status=trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
        status_message=span.status.message,
        trace_state=span.trace_state,
        flags=span.flags,
        dropped_attributes_count=span.dropped_attributes_count,
    )


def _logs(request: ExportLogsServiceRequest) -> Iterator[LogRecord]:
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            origin = _origin(resource_logs, scope_logs)
            yield from (_log_record(origin, record) for record in scope_logs.log_records)


def _log_record(origin: Origin, record: logs_pb2.LogRecord) -> LogRecord:
    return LogRecord(
        origin=origin,
        time_ns=record.time_unix_nano,
        observed_time_ns=record.observed_time_unix_nano,
        severity_text=record.severity_text,
        severity_number=record.severity_number,
        body=_value(record.body),
        attributes=_attributes(record.attributes),
        trace_id=record.trace_id.hex() or None,
        span_id=record.span_id.hex() or None,
        event_name=record.event_name,
    )


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[Metric]:
    for resource_metrics in request.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            origin = _origin(resource_metrics, scope_metrics)
            yield from (_metric(origin, metric) for metric in scope_metrics.metrics)


def _metric(origin: Origin, metric: metrics_pb2.Metric) -> Metric:
    kind = metric.WhichOneof("data") or "gauge"
    points = tuple(_point(point) for point in getattr(metric, kind).data_points)
    return Metric(origin, metric.name, metric.description, metric.unit, kind, points)


def _point(point: Any) -> Point:
    attributes = _attributes(point.attributes)
    if isinstance(point, metrics_pb2.NumberDataPoint):
        value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
        return Point(attributes, value, exemplar_trace_ids=_exemplar_trace_ids(point))
    if isinstance(point, metrics_pb2.HistogramDataPoint):
        return Point(
            attributes,
            point.sum,
            point.count,
            tuple(point.explicit_bounds),
            tuple(point.bucket_counts),
            _exemplar_trace_ids(point),
        )
    return Point(attributes, point.sum, point.count)


def _exemplar_trace_ids(point: Any) -> tuple[str, ...]:
    return tuple(exemplar.trace_id.hex() for exemplar in point.exemplars)


def _origin(resource_part: Any, scope_part: Any) -> Origin:
    return Origin(_attributes(resource_part.resource.attributes), scope_part.scope.name)


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    field = value.WhichOneof("value")
    if field is None:
        return None
    if field == "array_value":
        return [_value(item) for item in value.array_value.values]
    if field == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, field)


_SIGNALS: dict[str, tuple[Any, Callable[[Any], Iterator[Record]]]] = {
    "traces": (ExportTraceServiceRequest, _spans),
    "logs": (ExportLogsServiceRequest, _logs),
    "metrics": (ExportMetricsServiceRequest, _metrics),
}
