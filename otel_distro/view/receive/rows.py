# SPDX-License-Identifier: Apache-2.0
"""What the store keeps of OTLP: plain rows, in the order of its columns."""

from __future__ import annotations

from typing import Any, NamedTuple


class SpanRow(NamedTuple):
    """A span. Times in nanoseconds; ids in hexadecimal; `attributes`, `events`, `links` as JSON."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    instance: str
    name: str
    kind: int
    start: int
    duration: int
    failed: bool
    entry: bool
    """Whether a request enters the service here: a server's or consumer's span, or one without a parent."""
    scope: str
    message: str
    attributes: str
    events: str
    links: str


class LogRow(NamedTuple):
    """A log record. `time` in nanoseconds; `severity` as OpenTelemetry numbers it; `attributes` as JSON."""

    time: int
    service: str
    instance: str
    severity: int
    level: str
    logger: str
    body: str
    trace_id: str
    span_id: str
    attributes: str


class Point(NamedTuple):
    """The value of one series at one time, named and counted as Prometheus does.

    Attributes:
        kind: counter, gauge or histogram.
        labels: JSON with sorted keys, without `le`.
        value: A number; of a histogram `[sum, {le: cumulative count}]`.
        exemplars: Of each `[le, value, trace_id]`.
    """

    service: str
    name: str
    kind: str
    unit: str
    help: str
    labels: str
    time: int
    value: Any
    exemplars: tuple[tuple[str, float, str], ...] = ()


class Batch(NamedTuple):
    """What one request brought, and the resources that it speaks of: (service, instance) -> attributes as JSON."""

    spans: list[SpanRow]
    logs: list[LogRow]
    points: list[Point]
    resources: dict[tuple[str, str], str]

    def __bool__(self) -> bool:
        return bool(self.spans or self.logs or self.points)
