# SPDX-License-Identifier: Apache-2.0
"""Collectors that understand nothing: they keep the bytes and headers of each request, and answer what they are told."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc


class Kept:
    """What has come, and what is answered: of HTTP (status, headers, body), of gRPC a code or bytes."""

    def __init__(self):
        self.requests = []
        self.answer = (200, {}, b"")
        self.address = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kept = self.server.kept
        kept.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status, headers, content = kept.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def raw_http() -> Iterator[Kept]:
    kept = Kept()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads, server.kept = True, kept
        kept.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


class _Anything(grpc.GenericRpcHandler):
    def __init__(self, kept):
        self._kept = kept

    def service(self, details):
        def export(body, context):
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self._kept.requests.append((details.method, metadata, body))
            if isinstance(self._kept.answer, grpc.StatusCode):
                context.abort(self._kept.answer, "as told")
            return self._kept.answer

        return grpc.unary_unary_rpc_method_handler(export)


@contextlib.contextmanager
def raw_grpc() -> Iterator[Kept]:
    kept = Kept()
    kept.answer = b""
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((_Anything(kept),))
    kept.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield kept
    finally:
        server.stop(grace=None).wait()
