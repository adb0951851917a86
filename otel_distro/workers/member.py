# SPDX-License-Identifier: Apache-2.0
"""A worker's side: register with the owner, answer when it asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from otel_distro import diagnostics
from otel_distro.metrics.families import Family
from otel_distro.metrics.segment import Segment
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.wire import FrameBuffer, frame, pack, unpack

CONNECT_SECONDS = 1.0
_READ_BYTES = 64 * 1024

# Hands the samples of this process, and how late its event loop is (None without one), to its argument.
Deliver = Callable[[Iterable[Family], "float | None"], None]
Ask = Callable[[Deliver], None]
OnOrphaned = Callable[[list[Family]], None]


class Member:
    """The connection to the owner, and the daemon thread `otel-distro-worker` that answers on it."""

    def __init__(self, handshake: Handshake, segment: Segment | None, ask: Ask, on_orphaned: OnOrphaned) -> None:
        """Register.

        Args:
            handshake: What the owner left.
            segment: Where the series of this process are; None if the owner cannot read them there.
            ask: Collects what is not in the segment.
            on_orphaned: Called in the thread, with what ended workers have counted, when the owner has gone.

        Raises:
            OSError: the owner is gone.
        """
        self._ask = ask
        self._on_orphaned = on_orphaned
        self._bequest: list[Any] = []
        self._left = False
        self._sending = threading.Lock()
        self._socket = connect(handshake)
        self._send({"type": "hello", "token": handshake.token}, [segment.fd] if segment and segment.fd else [])
        self._thread = threading.Thread(target=self._serve, name="otel-distro-worker", daemon=True)
        self._thread.start()

    def push(self, timeout_seconds: float) -> None:
        """Send the samples of now, unasked: this may be the end of the process."""
        pushed = threading.Event()

        def deliver(families: Iterable[Family], lag: float | None) -> None:
            self._answer(None, families, lag)
            pushed.set()

        self._ask(deliver)
        pushed.wait(timeout_seconds)

    def close(self, timeout_seconds: float) -> None:
        """Send the last samples and leave."""
        self._left = True
        with suppress(OSError):
            self.push(timeout_seconds)
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which waits for the owner's next question
        self._socket.close()

    def abandon(self) -> None:
        """Close the connection without a word: in a forked child it is the parent's."""
        self._left = True
        self._socket.close()

    def _serve(self) -> None:
        buffer = FrameBuffer()
        with suppress(OSError):  # the owner is gone, or this side has left
            while data := self._socket.recv(_READ_BYTES):
                for message in buffer.feed(data):
                    self._take(message)
        if not self._left:
            self._socket.close()
            self._on_orphaned(unpack(self._bequest))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("type") == "bequest":
            self._bequest = message.get("families", [])
            return
        try:
            self._ask(lambda families, lag: self._answer(message.get("number"), families, lag))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  # the boundary: this is no reason to count as stuck
            diagnostics.fault("answering the owner", error)
            self._send({"type": "answer", "number": message.get("number")})

    def _answer(self, number: Any, families: Iterable[Family], lag: float | None) -> None:
        self._send({"type": "answer", "number": number, "lag": lag, "families": pack(families)})

    def _send(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        with self._sending:
            data = frame(message)
            if descriptors:
                data = data[socket.send_fds(self._socket, [data], descriptors) :]
            self._socket.sendall(data)


def connect(handshake: Handshake) -> socket.socket:
    """Connect to the owner.

    Raises:
        OSError: it is gone, or somebody else has taken its name.
    """
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(CONNECT_SECONDS)
    try:
        sock.connect("\0" + handshake.socket)
    except OSError:
        sock.close()
        raise
    sock.settimeout(None)
    return sock
