# SPDX-License-Identifier: Apache-2.0
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testbed.exporting import build_exporter

from otel_distro.otlp.export import Exporter


@pytest.fixture
def exporter_to() -> Iterator[Callable[..., Exporter]]:
    """Builds exporters, and ends their threads with the test."""
    built: list[Exporter] = []

    def build(*args: Any, **kwargs: Any) -> Exporter:
        built.append(build_exporter(*args, **kwargs))
        return built[-1]

    yield build
    for exporter in built:
        exporter.shutdown(0.5)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else takes while the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def garbage_port() -> Iterator[int]:
    """A port that answers every request with something that is not HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_garbage, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer_garbage(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed by the end of the test
        while True:
            with listener.accept()[0] as accepted:
                accepted.recv(65536)
                accepted.sendall(b"\x16\x03\x01 not http\r\n\r\n")


@pytest.fixture
def closed_port_number() -> int:
    """A port that nobody listens on, for a receiver that comes up there later."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        number: int = bound.getsockname()[1]
    return number
