# SPDX-License-Identifier: Apache-2.0
"""A worker's side: register with the owner, answer when it asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from otel_distro import diagnostics
from otel_distro.metrics.families import Family
from otel_distro.metrics.segment import Segment
from otel_distro.workers.credentials import credentials, may_own
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.taken import taken
from otel_distro.workers.wire import FrameBuffer, frame, pack, unpack

CONNECT_SECONDS = 1.0
SCRAPES_AT_MOST = 64
_READ_BYTES = 64 * 1024
_LONGEST_ACCEPT = 1024

# Hands the samples of this process, and its state (see `otel_distro.workers.state`), to its argument.
Deliver = Callable[[Iterable[Family], Mapping[str, Any]], None]
Ask = Callable[[Deliver], None]
OnOrphaned = Callable[[list[Family]], None]


class Member:
    """The connection to the owner, and the daemon thread `otel-distro-worker` that answers on it.

    Attributes:
        readiness: What the owner has last said of the service's, where the application's port tells it.
    """

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
        self.readiness: Any = None
        self._sending = threading.Lock()
        self._scrapes: dict[int, Callable[[str, bytes], None]] = {}
        self._numbers = count(1)
        self._socket, owner = connect(handshake)
        self._send(dict(handshake.hello(owner)), [segment.fd] if segment and segment.fd else [])
        self._thread = threading.Thread(target=self._serve, name="otel-distro-worker", daemon=True)
        self._thread.start()

    def push(self, timeout_seconds: float) -> None:
        """Send the samples of now, unasked: this may be the end of the process."""
        pushed = threading.Event()

        def deliver(families: Iterable[Family], state: Mapping[str, Any]) -> None:
            self._answer(None, families, state)
            pushed.set()

        self._ask(deliver)
        pushed.wait(timeout_seconds)

    def scrape(self, accept: str, deliver: Callable[[str, bytes], None]) -> None:
        """Ask the owner for the page of all processes; it is delivered, with its content type, in the thread.

        Raises:
            OSError: the owner is gone.
        """
        number = next(self._numbers)
        self._scrapes[number] = deliver
        if len(self._scrapes) > SCRAPES_AT_MOST:  # the owner hangs: who asked first waits no more
            self._scrapes.pop(next(iter(self._scrapes)))
        self._send({"type": "scrape", "number": number, "accept": accept[:_LONGEST_ACCEPT]})

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
        if message.get("type") == "page":
            deliver = self._scrapes.pop(message.get("number", 0), None)
            if deliver is not None:
                deliver(str(message.get("content_type")), str(message.get("body")).encode())
            return
        self.readiness = message.get("readiness", self.readiness)
        try:
            self._ask(lambda families, state: self._answer(message.get("number"), families, state))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: this is no reason to count as stuck
            diagnostics.fault("answering the owner", error)
            self._send({"type": "answer", "number": message.get("number")})

    def _answer(self, number: Any, families: Iterable[Family], state: Mapping[str, Any]) -> None:
        last_words = {} if number is not None else {"taken": taken.here()}
        self._send({"type": "answer", "number": number, "families": pack(families), **state, **last_words})

    def _send(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        with self._sending:
            data = frame(message)
            if descriptors:
                data = data[socket.send_fds(self._socket, [data], descriptors) :]
            self._socket.sendall(data)


def connect(handshake: Handshake) -> tuple[socket.socket, int]:
    """Connect to the owner; return the socket and the owner's pid.

    Raises:
        OSError: it is gone, or somebody else has taken its name.
    """
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(CONNECT_SECONDS)
    try:
        sock.connect("\0" + handshake.socket)
        pid, uid = credentials(sock)
        if not may_own(pid, uid):
            raise PermissionError(f"user {uid} has taken the name of the admin port's owner")
    except OSError:
        sock.close()
        raise
    sock.settimeout(None)
    return sock, pid
