# SPDX-License-Identifier: Apache-2.0
"""A real HTTP server in a thread: answers by path, and keeps the headers of every request."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answering(BaseHTTPRequestHandler):
    """`/status/503` answers 503, `/to/URL` redirects to it, `/silent` answers when the server ends."""

    server: HttpServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        _, kind, *rest = self.path.partition("?")[0].split("/", 2)
        if kind == "silent":
            self.server.ending.wait(30)
        self.send_response(int(rest[0]) if kind == "status" else 307 if kind == "to" else 200)
        if kind == "to":
            self.send_header("Location", rest[0])
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815 - the name that the base class looks for

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class HttpServer(ThreadingHTTPServer):
    """The server; `requests` holds path and headers of each request in order."""

    daemon_threads = True
    requests: list[tuple[str, dict[str, str]]]
    ending: threading.Event

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that have left, as those do that time out."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def http_server() -> Iterator[HttpServer]:
    """Run the server while the block lasts."""
    with HttpServer(("127.0.0.1", 0), Answering) as server:
        server.requests, server.ending = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()
