# SPDX-License-Identifier: Apache-2.0
"""A small OTLP receiver that keeps what it gets, for the demo and the tests.

It speaks OTLP/HTTP with binary protobuf, or gRPC, decodes with the generated classes of opentelemetry-proto, and can be
told to misbehave in the ways in which a real collector does.
"""

from otlp_receiver.faults import CloseConnection, Hang, PartialSuccess, Respond
from otlp_receiver.receiver import OtlpReceiver
from otlp_receiver.records import LogRecord, Metric, Point, Span, SpanEvent, SpanLink
from otlp_receiver.store import Request

__all__ = [
    "CloseConnection",
    "Hang",
    "LogRecord",
    "Metric",
    "OtlpReceiver",
    "PartialSuccess",
    "Point",
    "Request",
    "Respond",
    "Span",
    "SpanEvent",
    "SpanLink",
]
