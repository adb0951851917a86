# SPDX-License-Identifier: Apache-2.0
"""One record of each signal, marked by an id, and the request that carries it."""

from __future__ import annotations

import secrets
import time
from typing import Any

from otel_distro import __version__
from otel_distro.settings.model import Settings

NAME = "otel_distro.doctor"


class Sample:
    """What the doctor sends.

    Attributes:
        trace_id: 32 hexadecimal digits: it marks all three records.
    """

    def __init__(self, settings: Settings) -> None:
        self.trace_id = secrets.token_hex(16)
        self._span_id = secrets.token_bytes(8)
        self._service = settings.service.name
        self._now = time.time_ns()

    def request(self, signal: str) -> bytes:
        """Return an export request with one record of `traces`, `metrics` or `logs`."""
        build = {"traces": self._span, "metrics": self._metric, "logs": self._line}[signal]
        encoded: bytes = build().SerializeToString()
        return encoded

    def _resource(self) -> list[Any]:
        from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

        named = {"service.name": self._service, "telemetry.distro.name": "otel-distro"}
        return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in named.items()]

    def _span(self) -> Any:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request

        request = Request()
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(self._resource())
        scope = resource.scope_spans.add()
        scope.scope.name, scope.scope.version = NAME, __version__
        scope.spans.add(
            trace_id=bytes.fromhex(self.trace_id),
            span_id=self._span_id,
            name=NAME,
            kind=1,
            start_time_unix_nano=self._now,
            end_time_unix_nano=self._now + 1_000_000,
        )
        return request

    def _line(self) -> Any:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request

        request = Request()
        resource = request.resource_logs.add()
        resource.resource.attributes.extend(self._resource())
        scope = resource.scope_logs.add()
        scope.scope.name = NAME
        record = scope.log_records.add(time_unix_nano=self._now, observed_time_unix_nano=self._now, severity_number=9)
        record.severity_text, record.body.string_value = "INFO", f"a line of otel-distro doctor: {self.trace_id}"
        record.trace_id, record.span_id = bytes.fromhex(self.trace_id), self._span_id
        return request

    def _metric(self) -> Any:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest as Request

        request = Request()
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(self._resource())
        scope = resource.scope_metrics.add()
        scope.scope.name = NAME
        point = scope.metrics.add(name=NAME, unit="1").gauge.data_points.add()
        point.time_unix_nano, point.as_int = self._now, 1
        return request
