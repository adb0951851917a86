# SPDX-License-Identifier: Apache-2.0
"""The owner's side of one member: its connection, its segment, its last samples."""

from __future__ import annotations

import hmac
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from otel_distro.admin.loop import READ, WRITE, Loop
from otel_distro.metrics.cells import SegmentReader
from otel_distro.metrics.families import Family
from otel_distro.metrics.heartbeat import STUCK_AFTER_SECONDS
from otel_distro.metrics.segment import Segment
from otel_distro.workers.wire import FrameBuffer, frame, unpack

HELLO_SECONDS = 5.0
MAX_UNSENT_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Peer:
    """One connection. It is a member once its hello has the token; until then, and if it never does, it is nobody."""

    def __init__(self, loop: Loop, sock: socket.socket, token: str, on_change: Callable[[Peer], None]) -> None:
        self._loop = loop
        self._socket = sock
        self._token = token
        self._on_change = on_change
        self._buffer = FrameBuffer()
        self._unsent = bytearray()
        self._reader: SegmentReader | None = None
        self._descriptors: list[int] = []
        self._asked: dict[int, float] = {}
        self._samples: list[Any] = []
        self.pid, self.uid = credentials(sock)
        self.member = False
        self.wants: str | None = None  # the Accept header of one that only wants a page
        self.closed = False
        self.lag: float | None = None
        self.slot = ""
        sock.setblocking(False)
        loop.watch(sock, READ, self._read)
        loop.call_later(HELLO_SECONDS, self._end_if_silent)

    def ask(self, number: int) -> None:
        """Ask for samples, unless an earlier question is unanswered for too long."""
        self._asked[number] = time.monotonic()
        self.send(frame({"type": "ask", "number": number}))

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
        if max(self.silent_seconds(), self.lag or 0.0) >= STUCK_AFTER_SECONDS:
            return "stuck"
        return "idle" if self.lag is None else "serving"

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
        for descriptor in self._descriptors:
            os.close(descriptor)
        if self._reader is not None:
            self._reader.segment.close()

    def _end_if_silent(self) -> None:
        if not self.member:
            self.close()

    def _read(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, 1)
            self._descriptors += descriptors
            if data:
                for message in self._buffer.feed(data):
                    self._take(message)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data = b""
        if not data:
            self.close()

    def _take(self, message: dict[str, Any]) -> None:
        if not self.member:
            self._greet(message)
        elif message.get("type") == "answer":
            if "families" in message:  # else it could not collect them: the last ones stand
                lag = message.get("lag")
                self._samples, self.lag = message["families"], float(lag) if isinstance(lag, (int, float)) else None
            self._settle(message.get("number"))
            self._on_change(self)

    def _greet(self, message: dict[str, Any]) -> None:
        token = message.get("token")
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ValueError("a wrong token")
        if message.get("type") == "scrape":
            self.wants = str(message.get("accept", ""))
            self._on_change(self)
            return
        if self._descriptors:
            self._reader = SegmentReader(Segment.mapped(self._descriptors.pop()))
        self.member = True
        self._on_change(self)

    def _settle(self, number: Any) -> None:
        """Answers come in order: who answers a question has answered those before it."""
        if isinstance(number, int):
            self._asked = {asked: since for asked, since in self._asked.items() if asked > number}


def credentials(sock: socket.socket) -> tuple[int, int]:
    """Return the process and the user at the other end."""
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid, uid
