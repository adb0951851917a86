# SPDX-License-Identifier: Apache-2.0
"""What the receiver keeps: spans, log records and metrics as plain, flat values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class SpanEvent:
    """Something that happened during a span; nanoseconds since the epoch."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True)
class SpanLink:
    """Another span that a span is related to."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True)
class Origin:
    """Who sent a record: the resource and the instrumentation scope."""

    resource: Attributes
    scope: str

    @property
    def service(self) -> str:
        """The resource's `service.name`."""
        return str(self.resource.get("service.name", "unknown_service"))


@dataclass(frozen=True)
class Span:
    """A span that has ended. Ids in hexadecimal, times in nanoseconds since the epoch."""

    origin: Origin
    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    """INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER."""
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: tuple[SpanEvent, ...]
    links: tuple[SpanLink, ...]
    status: str
    """UNSET, OK or ERROR."""
    status_message: str
    trace_state: str
    flags: int
    dropped_attributes_count: int

    @property
    def service(self) -> str:
        """The name of the service that sent it."""
        return self.origin.service

    @property
    def duration_ms(self) -> float:
        """Milliseconds between start and end."""
        return (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True)
class LogRecord:
    """A log record. Ids in hexadecimal, None outside of a trace; times in nanoseconds since the epoch."""

    origin: Origin
    time_ns: int
    observed_time_ns: int
    severity_text: str
    severity_number: int
    body: Any
    attributes: Attributes
    trace_id: str | None
    span_id: str | None
    event_name: str

    @property
    def service(self) -> str:
        """The name of the service that sent it."""
        return self.origin.service


@dataclass(frozen=True)
class Point:
    """One series of a metric; a histogram has `count`, `bounds` and `bucket_counts`, all others have only `value`."""

    attributes: Attributes
    value: float
    """The number, or the sum of a histogram's or a summary's observations."""
    count: int | None = None
    bounds: tuple[float, ...] = ()
    bucket_counts: tuple[int, ...] = ()
    exemplar_trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A metric with all of its series, as one export had it."""

    origin: Origin
    name: str
    description: str
    unit: str
    kind: str
    """gauge, sum, histogram, exponential_histogram or summary."""
    points: tuple[Point, ...]

    @property
    def service(self) -> str:
        """The name of the service that sent it."""
        return self.origin.service


Record = Span | LogRecord | Metric
