# SPDX-License-Identifier: Apache-2.0
"""A proxy before a store that can be down, busy or slow."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Attributes:
        status: answered instead of asking the store; 0 asks it, -1 closes the connection without an answer.
        delay: seconds before that.
    """

    status: int = 0
    delay: float = 0.0


HEALTHY = Fault()
DOWN = Fault(status=-1)


class FaultyProxy:
    """Hands requests on to a server on this machine unless `fault` says otherwise; `answers` counts every status."""

    def __init__(self, target: str) -> None:
        self.fault = HEALTHY
        self.answers: Counter[int] = Counter()
        handler = type("Handler", (_Handler,), {"proxy": self, "target": target})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="faulty-proxy")

    def __enter__(self) -> FaultyProxy:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that is killed in the middle of a request is what the proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[FaultyProxy]
    target: ClassVar[str]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.proxy.fault
        time.sleep(fault.delay)
        if fault.status < 0:
            self.close_connection = True
            return
        status, answer = (fault.status, b"") if fault.status else self._forward(body)
        self.proxy.answers[status] += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        kept = {
            name: self.headers[name]
            for name in ("Content-Type", "Content-Encoding", "X-Scope-OrgID")
            if self.headers[name]
        }
        request = urllib.request.Request(self.target + self.path, body, kept)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 503, b""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Keep quiet: `answers` counts."""
