# SPDX-License-Identifier: Apache-2.0
"""Requests as services send them, made with the generated classes of opentelemetry-proto."""

import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MS = 10**6
NOW = time.time_ns() - 60 * 10**9  # a minute ago: what is older than a day is forgotten


def pair(owner, key, value):
    found = owner.add(key=key)
    kind = {bool: "bool_value", int: "int_value", float: "double_value"}.get(type(value), "string_value")
    setattr(found.value, kind, value)


def traces(*spans, service="shop"):
    """Each span: (trace, span, parent, name, kind, start in ms, duration in ms, attributes)."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    pair(resource.resource.attributes, "service.name", service)
    pair(resource.resource.attributes, "service.instance.id", f"{service}-1")
    scope = resource.scope_spans.add()
    for trace, number, parent, name, kind, start, duration, attributes in spans:
        span = scope.spans.add(name=name, kind=kind, start_time_unix_nano=NOW + start * MS)
        span.trace_id, span.span_id = trace.to_bytes(16, "big"), number.to_bytes(8, "big")
        span.parent_span_id = parent.to_bytes(8, "big") if parent else b""
        span.end_time_unix_nano = span.start_time_unix_nano + int(duration * MS)
        for key, value in attributes.items():
            pair(span.attributes, key, value)
    return request


def logs(*lines, service="shop"):
    """Each line: (trace or 0, span, severity, logger, body, time in ms, attributes)."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    pair(resource.resource.attributes, "service.name", service)
    for trace, span, severity, logger, body, at, attributes in lines:
        scope = resource.scope_logs.add()
        scope.scope.name = logger
        record = scope.log_records.add(time_unix_nano=NOW + at * MS, severity_number=severity)
        record.body.string_value = body
        if trace:
            record.trace_id, record.span_id = trace.to_bytes(16, "big"), span.to_bytes(8, "big")
        for key, value in attributes.items():
            pair(record.attributes, key, value)
    return request
