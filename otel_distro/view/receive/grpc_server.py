# SPDX-License-Identifier: Apache-2.0
"""OTLP by gRPC, where grpcio is there: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc

from otel_distro.view.receive.door import PROTOBUF, Door

_SERVICES: Final = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}


def serve(door: Door, port: int) -> tuple[Any, int]:
    """Listen on a loopback port and return the server, with the port.

    Raises:
        OSError: It is taken.
    """
    server = grpc.server(ThreadPoolExecutor(2, "otel-distro-view-grpc"), options=(("grpc.so_reuseport", 0),))
    for signal, service in _SERVICES.items():
        method = grpc.unary_unary_rpc_method_handler(_export(signal, door))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": method}),))
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port}: {error}") from error
    server.start()
    return server, bound


def _export(signal: str, door: Door) -> Callable[[bytes, Any], bytes]:
    def export(body: bytes, context: Any) -> bytes:
        answer = door.take(signal, body, {"content-type": PROTOBUF})
        if answer.status != 200:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, answer.body.decode())
        return answer.body

    return export
