# SPDX-License-Identifier: Apache-2.0
"""OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import DecodeError

from otel_distro.testing.faults import CloseConnection, Fault, Hang, PartialSuccess, Respond
from otel_distro.testing.responses import partial_success
from otel_distro.testing.store import Store

_SIGNALS = {"/v1/traces": "traces", "/v1/logs": "logs", "/v1/metrics": "metrics"}
_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


class HttpServer:
    """Serves a store on a loopback port, one thread per connection."""

    def __init__(self, port: int, store: Store) -> None:
        self._server = _Server(port, store)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="otlp-receiver")
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and drop every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, store: Store) -> None:
        self.store = store
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that goes away in the middle is an ordinary event here."""

    def drop_connections(self) -> None:
        """Wake the threads that wait for a next request on connections kept alive."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # its client may have closed it in the meantime
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signal = _SIGNALS.get(self.path)
        if signal is None:
            return self._answer(404, f"no such path: {self.path}".encode(), "text/plain")
        fault = self.server.store.begin(signal, dict(self.headers.items()), len(raw))
        if isinstance(fault, (Respond, Hang, CloseConnection)):
            return self._misbehave(fault)
        return self._receive(signal, raw, fault)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the standard library's name
        """Print nothing per request."""

    def _receive(self, signal: str, raw: bytes, fault: Fault | None) -> None:
        if self.headers.get_content_type() != "application/x-protobuf":
            return self._answer(415, b"expected Content-Type: application/x-protobuf", "text/plain")
        decompress = _DECOMPRESS.get(self.headers.get("Content-Encoding", ""))
        if decompress is None:
            return self._answer(415, b"expected Content-Encoding: gzip, deflate or none", "text/plain")
        try:
            self.server.store.keep(signal, decompress(raw))
        except (DecodeError, OSError, EOFError, zlib.error) as error:
            return self._answer(400, f"cannot decode: {error}".encode(), "text/plain")
        rejected = fault if isinstance(fault, PartialSuccess) else None
        return self._answer(200, partial_success(signal, rejected).SerializeToString())

    def _misbehave(self, fault: Respond | Hang | CloseConnection) -> None:
        if isinstance(fault, Respond):
            retry_after = None if fault.retry_after is None else str(fault.retry_after)
            return self._answer(fault.status, b"refused by the test", "text/plain", retry_after)
        if isinstance(fault, Hang):
            self.server.store.hang()
        self.close_connection = True
        return None

    def _answer(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/x-protobuf",
        retry_after: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)
