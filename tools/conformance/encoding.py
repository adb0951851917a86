# SPDX-License-Identifier: Apache-2.0
"""Our encoder in place of upstream's: the bytes it makes are decoded into the messages that upstream's tests expect."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from conformance.counts import uses


def patch_trace_encoder(module: ModuleType) -> None:
    """Encode spans our way."""
    from otel_distro.otlp.encode_span import encode_span
    from otel_distro.otlp.request import build_request

    def encode_spans(spans: Any) -> Any:
        uses["spans encoded"] += len(spans)
        records = [(span.resource, span.instrumentation_scope, encode_span(span)) for span in spans]
        return module.PB2ExportTraceServiceRequest.FromString(build_request(_by_equality(records)))

    module.encode_spans = encode_spans


def patch_log_encoder(module: ModuleType) -> None:
    """Encode log records our way."""
    from otel_distro.otlp.request import build_request

    def encode_logs(batch: Any) -> Any:
        uses["log records encoded"] += len(batch)
        records = [(each.resource, each.instrumentation_scope, _encode(each)) for each in batch]
        return module.ExportLogsServiceRequest.FromString(build_request(_by_equality(records)))

    module.encode_logs = encode_logs


def _encode(readable: Any) -> bytes:
    from opentelemetry.trace import SpanContext, TraceFlags

    from otel_distro.otlp.encode_log import encode_log

    record = readable.log_record
    flags = TraceFlags(record.trace_flags or 0)
    return encode_log(
        record.body,
        timestamp=record.timestamp,
        observed_timestamp=record.observed_timestamp or 0,
        severity_number=getattr(record.severity_number, "value", 0),
        severity_text=record.severity_text or "",
        attributes=record.attributes or {},
        span_context=SpanContext(record.trace_id or 0, record.span_id or 0, is_remote=False, trace_flags=flags),
        event_name=record.event_name or "",
        dropped_attributes_count=readable.dropped_attributes,
    )


def _by_equality(records: list[Any]) -> list[Any]:
    """Make equal resources and scopes the same objects, as they are in a process: ours are grouped by identity."""
    kept: dict[Any, Any] = {}
    return [
        (kept.setdefault(resource, resource), kept.setdefault(scope, scope), data) for resource, scope, data in records
    ]
