# SPDX-License-Identifier: Apache-2.0
"""Just enough HTTP/1.1 for the admin port: one bounded request per connection, answered and closed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import field
from http import HTTPStatus

from otel_distro.ground.asgi import Scope
from otel_distro.ground.frozen import dataclass
from otel_distro.workers.loop import READ, WRITE, Loop

MAX_HEAD_BYTES = 16 * 1024
REQUEST_SECONDS = 5.0
RESPONSE_SECONDS = 15.0
LINGER_SECONDS = 1.0


@dataclass(frozen=True)
class Request:
    """A request's head; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """What goes back."""

    status: HTTPStatus
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request, Callable[[Response], None]], None]


def plain_text(status: HTTPStatus, **headers: str) -> Response:
    """Return a response that only says its status."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, body=f"{status.phrase}\n".encode(), headers=names)


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Return the headers of an ASGI request, names in lower case."""
    return {bytes(name).decode("latin-1").lower(): bytes(value).decode("latin-1") for name, value in scope["headers"]}


def parse(head: bytes) -> Request:
    """Parse a request's head.

    Raises:
        ValueError: it is not HTTP/1.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("expected HTTP/1")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise ValueError("a malformed header")
        headers[name.lower()] = value.strip()
    return Request(method, target.partition("?")[0], headers)


class Connection:
    """One connection: handshake if TLS, read the head, hand it over, write the answer, wait for the client to close."""

    def __init__(
        self, loop: Loop, sock: socket.socket, handler: Handler, on_close: Callable[[Connection], None]
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._handler = handler
        self._on_close = on_close
        self._received = bytearray()
        self._unsent = memoryview(b"")
        self._method = ""
        self.reading = True
        self._closed = False
        loop.call_later(REQUEST_SECONDS, self._end_if_reading)
        loop.watch(sock, READ, self._read)

    def _end_if_reading(self) -> None:
        if self.reading:
            self.close()

    def close(self) -> None:
        """End the connection."""
        if not self._closed:
            self._closed = True
            self.reading = False
            self._unsent = memoryview(b"")
            self._loop.forget(self._sock)
            self._on_close(self)

    def _read(self) -> None:
        data = self._receive()
        if data is None:
            return
        if not data:
            self.close()
            return
        self._received += data
        head, end, _ = self._received.partition(b"\r\n\r\n")
        if end and len(head) <= MAX_HEAD_BYTES:
            self._handle(bytes(head))
        elif len(self._received) > MAX_HEAD_BYTES:
            self._respond(plain_text(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))

    def _receive(self) -> bytes | None:
        """Return what has come, nothing at the end, None if there is nothing to read yet."""
        try:
            return self._sock.recv(MAX_HEAD_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._loop.watch(self._sock, READ | WRITE, self._read)
            return None
        except OSError:  # reset, or a failed TLS handshake
            return b""

    def _handle(self, head: bytes) -> None:
        self.reading = False
        self._loop.watch(self._sock, READ, self._notice_end)
        try:
            request = parse(head)
        except ValueError:
            self._respond(plain_text(HTTPStatus.BAD_REQUEST))
            return
        self._method = request.method
        self._loop.call_later(RESPONSE_SECONDS, self.close)
        if request.method in ("GET", "HEAD"):
            self._handler(request, self._respond)
        else:
            self._respond(plain_text(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD"))

    def _notice_end(self) -> None:
        if self._receive() == b"":
            self.close()

    def _respond(self, response: Response) -> None:
        if self._closed:
            return
        self.reading = False
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            "Connection": "close",
            "X-Content-Type-Options": "nosniff",
            **response.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {response.status.value} {response.status.phrase}\r\n{lines}\r\n".encode("latin-1")
        self._unsent = memoryview(head if self._method == "HEAD" else head + response.body)
        self._write()

    def _write(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._loop.watch(self._sock, READ | WRITE, self._write)
        except OSError:
            self.close()
        else:
            self._linger()

    def _linger(self) -> None:
        """Wait for the client to close: closing on unread data resets the connection, and the answer with it."""
        self._unsent = memoryview(b"")  # the end of a view keeps the whole page, and a timer keeps us
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
            return
        self._loop.watch(self._sock, READ, self._notice_end)
        self._loop.call_later(LINGER_SECONDS, self.close)
