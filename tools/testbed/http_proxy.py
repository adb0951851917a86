# SPDX-License-Identifier: Apache-2.0
"""A real HTTP proxy in a thread: forwards and tunnels, and keeps what it was asked for."""

import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "HttpProxy"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._lets_through():
            return
        onward = http.client.HTTPConnection("127.0.0.1", self.server.destination, timeout=20)
        passed = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        onward.request("POST", "/" + self.path.split("/", 3)[3], body, passed)
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        self._answer(answer.status, content)

    def do_CONNECT(self) -> None:
        if not self._lets_through():
            return
        with socket.create_connection(("127.0.0.1", self.server.destination), timeout=20) as onward:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(self.connection, onward)
        self.close_connection = True

    def _lets_through(self) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, headers))
        if headers.get("proxy-authorization") == self.server.wanted:
            return True
        self._answer(407, b"")
        return False

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class HttpProxy(ThreadingHTTPServer):
    """The proxy; whatever host it is asked for, it goes to one port of this machine.

    Attributes:
        destination: That port.
        wanted: The `Proxy-Authorization` that it asks for, None for none.
        requests: Method, target and headers of each request, in order.
    """

    daemon_threads = True
    destination: int
    wanted: str | None
    requests: list[tuple[str, str, dict[str, str]]]

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.server_address[1]
        return port


@contextlib.contextmanager
def http_proxy(destination: int, wanted: str | None = None) -> Iterator[HttpProxy]:
    """Run the proxy while the block lasts."""
    with HttpProxy(("127.0.0.1", 0), _Handler) as proxy:
        proxy.destination, proxy.wanted, proxy.requests = destination, wanted, []
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
