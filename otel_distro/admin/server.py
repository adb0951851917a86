# SPDX-License-Identifier: Apache-2.0
"""The listener of the admin port: addresses, TLS, a bound on connections."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from otel_distro.admin.certificate import Certificate
from otel_distro.admin.http import Connection, Handler
from otel_distro.settings.model import AdminSettings
from otel_distro.workers.loop import READ, Loop

MAX_CONNECTIONS = 64


def listen(admin: AdminSettings) -> socket.socket:
    """Bind the admin port; an empty host or `::` means every interface, IPv4 and IPv6.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    host = admin.host.strip("[]")
    sock = _everywhere(admin.port) if host in ("", "::") else _at(host, admin.port)
    sock.setblocking(False)
    return sock


def _everywhere(port: int) -> socket.socket:
    """A kernel may have IPv6 switched off altogether, or know it and have no address of it."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=MAX_CONNECTIONS
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
    return socket.create_server(("", port), backlog=MAX_CONNECTIONS)


def _at(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return socket.create_server((host, port), family=family, backlog=MAX_CONNECTIONS)


class Listener:
    """Accepts connections; when there are too many, the one that dawdles longest over its request has to go."""

    def __init__(self, loop: Loop, sock: socket.socket, tls: Certificate | None, handler: Handler) -> None:
        self._loop = loop
        self._sock = sock
        self._tls = tls
        self._handler = handler
        self._connections: dict[Connection, None] = {}
        loop.watch(sock, READ, self._accept)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port, *_ = self._sock.getsockname()
        scheme = "https" if self._tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def _accept(self) -> None:
        with suppress(OSError):  # gone again, or no descriptors left: the next one may do better
            sock, _ = self._sock.accept()
            sock.setblocking(False)
            if self._tls:
                sock = self._tls.context().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._make_room()
            self._connections[Connection(self._loop, sock, self._handler, self._connections.pop)] = None

    def _make_room(self) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            dawdling = (connection for connection in self._connections if connection.reading)
            next(dawdling, next(iter(self._connections))).close()
