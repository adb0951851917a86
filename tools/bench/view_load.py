# SPDX-License-Identifier: Apache-2.0
"""What the viewer is sent when it is measured, and servers that never answer."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping

import httpx
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF = {"Content-Type": "application/x-protobuf"}
LARGE = 77  # the trace id of the large trace
IN_A_BATCH = {"logs": 100, "traces": 512}
ATTRIBUTES = 11


def large_trace(count: int) -> bytes:
    """Return a trace of so many spans, ten below each."""
    return _spans([(LARGE, number + 1, max(1, number // 10) if number else 0) for number in range(count)])


def _spans(ids: list[tuple[int, int, int]]) -> bytes:
    request, now = ExportTraceServiceRequest(), time.time_ns()
    scope = request.resource_spans.add().scope_spans.add()
    for trace, span, parent in ids:
        made = scope.spans.add(name=f"GET /items/{span % 20}", kind=1 if parent else 2, start_time_unix_nano=now)
        made.trace_id, made.span_id = trace.to_bytes(16, "big"), span.to_bytes(8, "big")
        made.parent_span_id = parent.to_bytes(8, "big") if parent else b""
        made.end_time_unix_nano = now + 500_000
        for number in range(ATTRIBUTES):
            made.attributes.add(key=f"http.attribute.{number}").value.string_value = f"value {span % 7}"
    return bytes(request.SerializeToString())


def _traces(first: int, count: int) -> bytes:
    return _spans([(number + 1000, number + 1, 0) for number in range(first, first + count)])


def _lines(first: int, count: int) -> bytes:
    request, now = ExportLogsServiceRequest(), time.time_ns()
    scope = request.resource_logs.add().scope_logs.add()
    for number in range(first, first + count):
        record = scope.log_records.add(time_unix_nano=now, severity_number=9, severity_text="info")
        record.body.string_value = f"line {number}"
        record.attributes.add(key="room").value.string_value = f"room {number % 10}"
    return bytes(request.SerializeToString())


_MAKE: Mapping[str, Callable[[int, int], bytes]] = {"logs": _lines, "traces": _traces}


def send(url: str, signal: str, per_second: int, seconds: int) -> tuple[int, float]:
    """Send records on schedule, made beforehand.

    Returns:
        How many were sent, and the longest time until an answer, in seconds.
    """
    size = IN_A_BATCH[signal]
    count = per_second * seconds // size
    bodies, longest = [_MAKE[signal](batch * size, size) for batch in range(count)], 0.0
    begun = time.monotonic()
    with httpx.Client(timeout=60) as client:
        for number, body in enumerate(bodies):
            time.sleep(max(0.0, begun + number * size / per_second - time.monotonic()))
            before = time.monotonic()
            client.post(f"{url}/v1/{signal}", content=body, headers=PROTOBUF).raise_for_status()
            longest = max(longest, time.monotonic() - before)
    return count * size, longest


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """Listen, accept by the kernel, and never answer; yields the address."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
