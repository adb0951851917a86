# SPDX-License-Identifier: Apache-2.0
"""Exporters of log records for tests: to a receiver, or to a port where something else is."""

from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro.otlp.encode_log import encode_log
from otel_distro.otlp.export import Exporter
from otel_distro.settings.model import OtlpSettings, QueueSettings
from testbed.otlp_receiver import OtlpReceiver

RESOURCE = Resource({"service.name": "tested"})
SCOPE = InstrumentationScope("tests.exporting")
_QUEUE_FIELDS = ("max_queue_size", "max_export_batch_size", "schedule_delay_millis", "export_timeout_millis")


def build_exporter(
    target: OtlpReceiver | int, *, scheme: str = "http", host: str = "127.0.0.1", **settings: Any
) -> Exporter:
    """Build an exporter of logs to a receiver or port; `settings` are those of the queue and of OTLP."""
    port = target.port if isinstance(target, OtlpReceiver) else target
    queue = {name: settings.pop(name) for name in _QUEUE_FIELDS if name in settings}
    otlp = OtlpSettings(endpoint=f"{scheme}://{host}:{port}/v1/logs", **settings)
    return Exporter("logs", otlp, QueueSettings(**queue))


def log_record(number: int) -> bytes:
    return encode_log(f"record {number}", timestamp=number + 1, severity_number=9, severity_text="INFO")


def submit(exporter: Exporter, count: int) -> int:
    """Submit so many records; return how many were accepted."""
    return sum(exporter.submit(RESOURCE, SCOPE, log_record(number)) for number in range(count))
