# SPDX-License-Identifier: Apache-2.0
"""The answers to export requests."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_distro.testing.faults import PartialSuccess

_RESPONSES: dict[str, tuple[Any, str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}


def partial_success(signal: str, rejected: PartialSuccess | None) -> Any:
    """Return the signal's response message: full success, or partial with its count and reason."""
    response_type, count_field = _RESPONSES[signal]
    if rejected is None:
        return response_type()
    return response_type(partial_success={count_field: rejected.rejected, "error_message": rejected.message})
