# SPDX-License-Identifier: Apache-2.0
"""Where spans go that are measured in one process: encoded by upstream and dropped, or taken from us and dropped."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class EncodingExporter(SpanExporter):
    """Encodes as upstream's OTLP exporter does and drops the bytes."""

    def export(self, spans: Any) -> SpanExportResult:
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Do nothing."""


class Sink:
    """Takes the records that our exporter would queue."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, *_record: Any) -> bool:
        """Count a record."""
        self.submitted += 1
        return True

    def force_flush(self, _timeout_seconds: float) -> bool:
        """Say that nothing is left."""
        return True

    shutdown = force_flush
