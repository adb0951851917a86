# SPDX-License-Identifier: Apache-2.0
"""Pass on what a service would have sent to its own collector, byte for byte, and answer what that answers.

So the service retries, gives up and reports as it would without the viewer in between.
"""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

from otel_distro.otlp.transport import Transport
from otel_distro.settings.model import OtlpSettings
from otel_distro.view.receive.body import unpacked

_PATHS: Final = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
# What gRPC says, as HTTP says it: what may be sent again stays so (https://opentelemetry.io/docs/specs/otlp/#failures).
_STATUSES: Final = {
    "CANCELLED": 503,
    "DEADLINE_EXCEEDED": 503,
    "ABORTED": 503,
    "OUT_OF_RANGE": 503,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 503,
    "RESOURCE_EXHAUSTED": 429,
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "UNIMPLEMENTED": 404,
}


class Answer(NamedTuple):
    """What the collector said."""

    status: int
    content_type: str
    body: bytes
    retry_after: str | None = None


class Tee:
    """The way of one signal of one service to its collector; one request at a time."""

    def __init__(self, signal: str, otlp: OtlpSettings) -> None:
        self._signal = signal
        self._otlp = otlp
        self._lock = threading.Lock()
        self._transport = Transport(otlp)
        self._channel: Any = None

    def forward(self, body: bytes) -> Answer:
        """Send a request's body as it came; 502 if nobody is there."""
        with self._lock:
            try:
                return self._forward_grpc(body) if self._otlp.protocol == "grpc" else self._forward_http(body)
            except OSError as error:
                return Answer(502, "text/plain", f"{self._otlp.address}: {error}".encode())

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._transport.close()
            if self._channel is not None:
                self._channel.close()

    def _forward_http(self, body: bytes) -> Answer:
        reply = self._transport.post(body)
        return Answer(reply.status, reply.content_type or "application/x-protobuf", reply.body, reply.retry_after)

    def _forward_grpc(self, body: bytes) -> Answer:
        import grpc  # for those whose collector speaks it: it takes a third of the viewer's memory

        self._channel = self._channel or _channel(grpc, self._otlp)
        call = self._channel.unary_unary(_PATHS[self._signal])
        metadata = [(name.lower(), value) for name, value in self._otlp.headers.items()]
        compression = "" if self._otlp.compression == "none" else self._otlp.compression
        try:
            reply = call(unpacked(body, compression), timeout=self._otlp.timeout_seconds, metadata=metadata)
        except grpc.RpcError as error:
            name = error.code().name
            return Answer(_STATUSES.get(name, 500), "text/plain", f"{name}: {error.details()}".encode())
        return Answer(200, "application/x-protobuf", reply)


def _channel(grpc: Any, otlp: OtlpSettings) -> Any:
    scheme, _, rest = otlp.endpoint.rpartition("://")
    if scheme == "http" or (not scheme and otlp.insecure):
        return grpc.insecure_channel(rest)
    roots, key, chain = (_content(name) for name in (otlp.certificate, otlp.client_key, otlp.client_certificate))
    return grpc.secure_channel(rest, grpc.ssl_channel_credentials(roots, key, chain))


def _content(name: str | None) -> bytes | None:
    if name is None:
        return None
    with open(name, "rb") as file:  # noqa: PTH123  one line either way
        return file.read()
