# SPDX-License-Identifier: Apache-2.0
"""TLS in front of a plain server on the loopback address."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from testbed.certificates import Certificates


@contextlib.contextmanager
def tls_in_front_of(port: int, certificates: Certificates, *, ask_client: bool = False) -> Iterator[int]:
    """Yield the port of a TLS end that passes each connection on to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    if ask_client:
        context.load_verify_locations(certificates.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context, port))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            accepted = listener.accept()[0]
        except OSError:  # closed by the end of the test
            return
        threading.Thread(target=_pass_on, args=(accepted, context, port), daemon=True).start()


def _pass_on(accepted: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """Pass on requests and answers one after the other, as one connection of HTTP/1.1 has them."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        accepted.settimeout(20)
        with context.wrap_socket(accepted, server_side=True) as secured:
            answers = threading.Thread(target=_copy, args=(plain, secured), daemon=True)
            answers.start()
            _copy(secured, plain)
            plain.shutdown(socket.SHUT_WR)
            answers.join(20)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
