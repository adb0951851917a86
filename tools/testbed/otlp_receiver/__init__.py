# SPDX-License-Identifier: Apache-2.0
"""The receiver that applications have for their tests (`otel_distro.testing`), under the name that ours have for it."""

from otel_distro.testing import (
    CloseConnection,
    Hang,
    LogRecord,
    Metric,
    PartialSuccess,
    Point,
    Request,
    Respond,
    Span,
    SpanEvent,
    SpanLink,
)
from otel_distro.testing import Receiver as OtlpReceiver
from otel_distro.testing.receiver import Transport

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
    "Transport",
]
