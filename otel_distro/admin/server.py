# SPDX-License-Identifier: Apache-2.0
"""The listener of the admin port: addresses, TLS, a bound on connections."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from otel_distro.admin.http import Connection, Handler
from otel_distro.admin.loop import READ, Loop
from otel_distro.variables import AdminSettings

MAX_CONNECTIONS = 64


def listen(admin: AdminSettings) -> socket.socket:
    """Bind the admin port; an empty host or `::` means every interface, IPv4 and IPv6.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    host = admin.host.strip("[]")
    if host in ("", "::", "0.0.0.0") and socket.has_dualstack_ipv6() and host != "0.0.0.0":  # noqa: S104  # told to
        sock = socket.create_server(
            ("", admin.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=MAX_CONNECTIONS
        )
    else:
        family = socket.getaddrinfo(host or None, admin.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        sock = socket.create_server((host, admin.port), family=family, backlog=MAX_CONNECTIONS)
    sock.setblocking(False)
    return sock


def tls_context(admin: AdminSettings) -> ssl.SSLContext | None:
    """Return the context for TLS, None for plain HTTP.

    Raises:
        OSError: a file is missing or not what it should be; names both variables.
    """
    if not admin.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(admin.tls_certificate, admin.tls_key)
    except OSError as error:
        chosen = f"{admin.tls_certificate!r}, OTEL_DISTRO_ADMIN_TLS_KEY={admin.tls_key!r}"
        raise OSError(f"OTEL_DISTRO_ADMIN_TLS_CERTIFICATE={chosen}: {error}") from error
    return context


class Listener:
    """Accepts connections; when there are too many, the one that dawdles longest over its request has to go."""

    def __init__(self, loop: Loop, sock: socket.socket, tls: ssl.SSLContext | None, handler: Handler) -> None:
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
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._make_room()
            self._connections[Connection(self._loop, sock, self._handler, self._connections.pop)] = None

    def _make_room(self) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            dawdling = (connection for connection in self._connections if connection.reading)
            next(dawdling, next(iter(self._connections))).close()
