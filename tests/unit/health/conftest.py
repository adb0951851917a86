# SPDX-License-Identifier: Apache-2.0
"""A server that answers what it is told to, byte for byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest


class Scripted:
    """Listens, hears what a client says first, and answers with the replies, one for each thing it hears."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = replies
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                client, _ = self._socket.accept()
                with client, suppress(OSError):
                    self._speak(client)

    def _speak(self, client: socket.socket) -> None:
        for reply in self.replies:
            self.heard.append(client.recv(4096))
            client.sendall(reply)
        while client.recv(4096):
            pass

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def scripted() -> Iterator[type]:
    """Start such servers; they end with the test."""
    servers: list[Scripted] = []

    def start(*replies: bytes) -> Scripted:
        servers.append(Scripted(*replies))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
