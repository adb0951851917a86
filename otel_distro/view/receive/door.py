# SPDX-License-Identifier: Apache-2.0
"""Where requests of OTLP arrive, by HTTP or gRPC: check, answer, hand over."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_distro.view.receive.body import TooLarge, unpacked
from otel_distro.view.receive.decode import parse
from otel_distro.view.receive.tee import Answer
from otel_distro.view.store.store import Store

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_RESPONSES: Final[dict[str, Any]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}
_REMEMBERED: Final = 256  # requests, so that one that is sent again brings nothing twice


class Door:
    """Takes requests for a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def take(self, signal: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Keep a request and return what to say.

        A viewer that cannot keep up says so and drops it: who sends goes on at once.
        """
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in (PROTOBUF, JSON):
            return _refused(415, f"expected Content-Type {PROTOBUF} or {JSON}")
        try:
            plain = unpacked(body, headers.get("content-encoding", "").lower())
            message = parse(signal, plain, json=content_type == JSON)
        except TooLarge as error:
            return _refused(413, str(error))
        except ValueError as error:
            return _refused(400, str(error))
        kept = self._keep(hashlib.blake2b(body, digest_size=16).digest(), signal, message, len(plain))
        return Answer(200, content_type, _response(signal, content_type, kept=kept))

    def _keep(self, digest: bytes, signal: str, message: Message, size: int) -> bool:
        if digest in self._seen:
            self._store.counts["repeated_requests"] += 1
            return True
        if not self._store.put(signal, message, size):
            return False  # and not remembered: it may be sent again
        self._seen[digest] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _refused(status: int, text: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", text.encode())


def _response(signal: str, content_type: str, *, kept: bool) -> bytes:
    make, rejected = _RESPONSES[signal]
    response = make()
    if not kept:  # OTLP has no number for "all of it": -1 is none either, and a message alone is a warning
        setattr(response.partial_success, rejected, 1)
        response.partial_success.error_message = "the viewer cannot keep up: this request was dropped"
    if content_type == JSON:
        return str(json_format.MessageToJson(response)).encode()
    return bytes(response.SerializeToString())
