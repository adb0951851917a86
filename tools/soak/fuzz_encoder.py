# SPDX-License-Identifier: Apache-2.0
"""Our bytes, decoded by the generated classes, are the message that upstream's encoder builds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from testbed.otlp_strategies import bounded_attributes, contexts, readable_spans, resources, scopes, uint64, values

from otel_distro.otlp.encode_log import encode_log
from otel_distro.otlp.encode_span import encode_span
from otel_distro.otlp.request import build_request

records = st.fixed_dictionaries(
    {
        "body": values,
        "timestamp": uint64,
        "observed_timestamp": uint64,
        "severity_number": st.sampled_from(SeverityNumber),
        "severity_text": st.text(max_size=20),
        "attributes": bounded_attributes.map(dict),
        "event_name": st.text(max_size=20),
    }
)


def check_span(span: ReadableSpan) -> None:
    """One span under its resource and scope; how several are grouped is a test of its own."""
    request = build_request([[span.resource, span.instrumentation_scope, encode_span(span)]])
    _same(ExportTraceServiceRequest.FromString(request), encode_spans([span]))


def check_record(example: tuple[dict[str, Any], Any, Any, Any]) -> None:
    """One log record, inside and outside of a span."""
    fields, context, resource, scope = example
    span = trace.INVALID_SPAN if context is None else trace.NonRecordingSpan(context)
    theirs = LogRecord(**fields, context=trace.set_span_in_context(span))
    number = fields["severity_number"].value
    ours = encode_log(**{**fields, "severity_number": number}, span_context=context)
    decoded = ExportLogsServiceRequest.FromString(build_request([[resource, scope, ours]]))
    _same(decoded, encode_logs([ReadableLogRecord(theirs, resource, scope)]))


def _same(ours: Any, theirs: Any) -> None:
    """Compare what both serialize to: `==` of messages says that NaN differs from itself."""
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True), (ours, theirs)


CHECKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "spans as upstream's": (readable_spans, check_span),
    "log records as upstream's": (st.tuples(records, st.none() | contexts, resources, scopes), check_record),
}
