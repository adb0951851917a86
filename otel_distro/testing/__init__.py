# SPDX-License-Identifier: Apache-2.0
"""What an application's own tests need: see the spans, lines and metrics that it really sends.

`Receiver` is a collector on a free port, for services that run as processes of their own; `started` observes the process of
the test itself; `captured_lines` catches the lines that leave it. docs/test-kit.md has fixtures for pytest, without a plugin.
No start imports this package, and it needs nothing that the distribution does not need anyway.
"""

from __future__ import annotations

from otel_distro.testing.faults import CloseConnection, Fault, Hang, PartialSuccess, Respond
from otel_distro.testing.lines import Line, Lines, captured_lines, json_lines
from otel_distro.testing.receiver import Receiver
from otel_distro.testing.records import LogRecord, Metric, Origin, Point, Record, Span, SpanEvent, SpanLink
from otel_distro.testing.started import Telemetry, started
from otel_distro.testing.store import Request

__all__ = [
    "CloseConnection",
    "Fault",
    "Hang",
    "Line",
    "Lines",
    "LogRecord",
    "Metric",
    "Origin",
    "PartialSuccess",
    "Point",
    "Receiver",
    "Record",
    "Request",
    "Respond",
    "Span",
    "SpanEvent",
    "SpanLink",
    "Telemetry",
    "captured_lines",
    "json_lines",
    "started",
]
