# SPDX-License-Identifier: Apache-2.0
"""Takes whatever is posted and answers 200: the collector of the benchmark, as cheap as it can be."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink(BaseHTTPRequestHandler):
    """Reads a body and forgets it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer 200 with an empty message, which is a valid OTLP response."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink).serve_forever()
