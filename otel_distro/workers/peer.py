# SPDX-License-Identifier: Apache-2.0
"""The owner's side of one member: its connection, its segment, its last samples."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from otel_distro.metrics.cells import SegmentReader
from otel_distro.metrics.families import Family
from otel_distro.metrics.heartbeat import STUCK_AFTER_SECONDS
from otel_distro.metrics.segment import Segment
from otel_distro.workers.credentials import credentials
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.loop import READ, WRITE, Loop
from otel_distro.workers.state import State
from otel_distro.workers.state import unpack as unpack_state
from otel_distro.workers.taken import taken
from otel_distro.workers.wire import MAX_FRAME_BYTES, FrameBuffer, frame, unpack

HELLO_SECONDS = 5.0
HELLO_BYTES = 1024
EMPTY: Mapping[str, Any] = MappingProxyType({})
MAX_UNSENT_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024


class Peer:
    """One connection. It is a member once its hello proves the token; until then, and if it never does, it is nobody.

    Whoever is nobody may send a kilobyte and one descriptor, and has five seconds.
    """

    def __init__(
        self, loop: Loop, sock: socket.socket, handshake: Handshake, on_change: Callable[[Peer], None]
    ) -> None:
        self._loop = loop
        self._socket = sock
        self._handshake = handshake
        self._on_change = on_change
        self._buffer = FrameBuffer(HELLO_BYTES)
        self._unsent = bytearray()
        self._reader: SegmentReader | None = None
        self._descriptor: int | None = None
        self._asked: dict[int, float] = {}
        self._samples: list[Any] = []
        self.pid, self.uid = credentials(sock)
        self.member = False
        self._refused = False
        self.wants: list[tuple[int, str]] = []  # pages: the number of the question, its Accept header
        self.closed = False
        self.last_state = State()
        self.slot = ""
        sock.setblocking(False)
        loop.watch(sock, READ, self._read)
        loop.call_later(HELLO_SECONDS, self._end_if_silent)

    def ask(self, number: int, news: Mapping[str, Any] = EMPTY) -> None:
        """Ask for samples, and tell what the member shall know."""
        self._asked[number] = time.monotonic()
        self.send(frame({"type": "ask", "number": number, **news}))

    def send(self, data: bytes) -> None:
        """Send a frame, as soon as the member takes it; none more to one that has stopped reading."""
        if len(self._unsent) < MAX_UNSENT_BYTES:
            self._unsent += data
            self._write()

    def _write(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            self._loop.watch(self._socket, READ | WRITE, self._read_and_write)
        except OSError:
            self.close()
        else:
            self._loop.watch(self._socket, READ, self._read)

    def _read_and_write(self) -> None:
        self._read()
        if not self.closed:
            self._write()

    def awaits(self, number: int) -> bool:
        """Whether that question is still open."""
        return number in self._asked

    def silent_seconds(self) -> float:
        """Return for how long the oldest open question waits."""
        return time.monotonic() - min(self._asked.values()) if self._asked else 0.0

    @property
    def state(self) -> str:
        """`serving`, `stuck`, or `idle` for a process without an event loop."""
        if max(self.silent_seconds(), self.last_state.lag or 0.0) >= STUCK_AFTER_SECONDS:
            return "stuck"
        return "idle" if self.last_state.lag is None else "serving"

    def families(self) -> list[Family]:
        """Return what the segment holds now, and the last samples, whose exemplars may belong to the former.

        Raises:
            ValueError: the segment or the samples are broken.
        """
        held = self._reader.families() if self._reader is not None else []
        return [*held, *unpack(self._samples)]

    def close(self) -> None:
        """End the connection; the samples can still be read in `on_change`."""
        if self.closed:
            return
        self.closed = True
        self._asked.clear()
        self._loop.forget(self._socket)
        self._on_change(self)
        self._drop_descriptor()
        if self._reader is not None:
            self._reader.segment.close()

    def _end_if_silent(self) -> None:
        if not self.member:
            self.close()

    def _read(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, 1)
            self._keep_first(descriptors)
            if data:
                for message in self._buffer.feed(data):
                    self._take(message)
        except BlockingIOError:
            return
        except ValueError:
            self._refuse()
            return
        except OSError:
            data = b""
        if not data:
            self.close()

    def _refuse(self) -> None:
        """End the connection; nobody's in two steps: who is still writing hears it when reading, and meets no signal."""
        if self.member or self._refused:
            self.close()
            return
        self._refused = True
        self._drop_descriptor()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _keep_first(self, descriptors: list[int]) -> None:
        """A hello brings one descriptor; every other one is closed at once, whoever sends it."""
        for descriptor in descriptors:
            if self.member or self._refused or self._descriptor is not None:
                os.close(descriptor)
            else:
                self._descriptor = descriptor

    def _drop_descriptor(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, message: dict[str, Any]) -> None:
        if self._refused:
            raise ValueError("more from nobody")
        if not self.member:
            self._greet(message)
        elif message.get("type") == "answer":
            if "families" in message:  # else it could not collect them: the last ones stand
                self._samples, self.last_state = message["families"], unpack_state(message)
            taken.hear(message.get("taken"))
            self._settle(message.get("number"))
            self._on_change(self)
        elif message.get("type") == "scrape" and isinstance(number := message.get("number"), int):
            self.wants.append((number, str(message.get("accept", ""))))
            self._on_change(self)

    def _greet(self, message: dict[str, Any]) -> None:
        if not self._handshake.is_proved_by(message):
            raise ValueError("not the hello of a member")
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._reader = SegmentReader(Segment.mapped(descriptor))
        self.member = True
        self._buffer.limit = MAX_FRAME_BYTES
        self._on_change(self)

    def _settle(self, number: Any) -> None:
        """Answers come in order: who answers a question has answered those before it."""
        if isinstance(number, int):
            self._asked = {asked: since for asked, since in self._asked.items() if asked > number}
