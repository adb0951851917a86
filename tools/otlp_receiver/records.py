# SPDX-License-Identifier: Apache-2.0
"""What the receiver keeps: spans, log records and metrics as plain, flat values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class SpanEvent:
    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True)
class SpanLink:
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
        return str(self.resource.get("service.name", "unknown_service"))


@dataclass(frozen=True)
class Span:
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
        return self.origin.service

    @property
    def duration_ms(self) -> float:
        return (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True)
class LogRecord:
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
    origin: Origin
    name: str
    description: str
    unit: str
    kind: str
    """gauge, sum, histogram, exponential_histogram or summary."""
    points: tuple[Point, ...]

    @property
    def service(self) -> str:
        return self.origin.service


Record = Span | LogRecord | Metric
