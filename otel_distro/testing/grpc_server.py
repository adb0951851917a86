# SPDX-License-Identifier: Apache-2.0
"""OTLP/gRPC: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from otel_distro.testing.faults import Hang, PartialSuccess, Respond
from otel_distro.testing.responses import partial_success
from otel_distro.testing.store import Store

_SERVICES = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
# What each HTTP status corresponds to: retryable ones stay retryable, permanent ones permanent.
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class GrpcServer:
    """Serves a store on a loopback port."""

    def __init__(self, port: int, store: Store) -> None:
        self._server = grpc.server(ThreadPoolExecutor(8, "otlp-receiver"), options=(("grpc.so_reuseport", 0),))
        for signal, service in _SERVICES.items():
            export = grpc.unary_unary_rpc_method_handler(
                _export(signal, store), response_serializer=lambda response: response.SerializeToString()
            )
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": export}),))
        self.port: int = _bind(self._server, port)
        self._server.start()

    def close(self) -> None:
        """Stop listening, and cut off whoever waits."""
        self._server.stop(grace=None).wait()


def _bind(server: grpc.Server, port: int) -> int:
    try:
        return int(server.add_insecure_port(f"127.0.0.1:{port}"))
    except RuntimeError as error:
        raise OSError(f"cannot listen on port {port}: {error}") from error


def _export(signal: str, store: Store) -> Callable[[bytes, grpc.ServicerContext], Any]:
    def export(body: bytes, context: grpc.ServicerContext) -> Any:
        fault = store.begin(signal, {key: str(value) for key, value in context.invocation_metadata()}, len(body))
        if isinstance(fault, Hang):
            store.hang()
        if fault is not None and not isinstance(fault, PartialSuccess):
            code = _CODES.get(fault.status) if isinstance(fault, Respond) else None
            context.abort(code or grpc.StatusCode.UNAVAILABLE, "refused by the test")
        store.keep(signal, body)
        return partial_success(signal, fault if isinstance(fault, PartialSuccess) else None)

    return export
