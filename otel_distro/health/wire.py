# SPDX-License-Identifier: Apache-2.0
"""A connection that has one deadline, from the search for the name to the last byte."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from otel_distro.health.found import Down

# What a server says before it has said what it is: more than that is not waited for.
LONGEST_LINE = 1024


class Wire:
    """One connection to a dependency.

    Args:
        address: Host and port, or the path of a Unix socket.
        timeout_seconds: For everything together.

    Raises:
        OSError: nobody answers there in time.
    """

    def __init__(self, address: tuple[str, int] | str, timeout_seconds: float) -> None:
        self._deadline = time.monotonic() + timeout_seconds
        self._socket = self._to_path(address) if isinstance(address, str) else self._to_host(*address)

    def __enter__(self) -> Wire:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):
            self._socket.close()

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from now on.

        Raises:
            OSError: the other side does not, or is not whom we trust.
        """
        self._socket.settimeout(self._left())
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def send(self, data: bytes) -> None:
        """Send everything."""
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            Down: the other side ends before.
        """
        data = b""
        while len(data) < count:
            self._socket.settimeout(self._left())
            chunk = self._socket.recv(count - len(data))
            if not chunk:
                raise Down("the connection was closed")
            data += chunk
        return data

    def line(self) -> str:
        """Read a line, without its end; one that is too long is cut."""
        data = b""
        while not data.endswith(b"\n") and len(data) < LONGEST_LINE:
            data += self.read(1)
        return data.decode("latin-1").rstrip("\r\n")

    def _to_path(self, path: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        return self._connected(sock, path)

    def _to_host(self, host: str, port: int) -> socket.socket:
        """Try each address of a name, in the order that the system gives, as `socket.create_connection` does."""
        refused: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return self._connected(socket.socket(family, kind, protocol), address)
            except OSError as error:
                refused = error
        raise refused or OSError("the name has no address")

    def _connected(self, sock: socket.socket, address: object) -> socket.socket:
        try:
            sock.settimeout(self._left())
            sock.connect(address)  # type: ignore[arg-type]  # whatever the family has
        except OSError:
            sock.close()
            raise
        return sock

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def unverified() -> ssl.SSLContext:
    """Return what speaks TLS with whoever answers: where nothing is disclosed, reaching it is all that is asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
