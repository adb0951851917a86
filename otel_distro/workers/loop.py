# SPDX-License-Identifier: Apache-2.0
"""One thread that waits for sockets and timers, for the process that owns the admin port.

Not asyncio: the owner may be a supervisor that forks, and the child has to close every descriptor of its parent's loop
without running any of its code. Here they are all known.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from otel_distro import diagnostics

Callback = Callable[[], None]
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """Runs callbacks, one at a time, in a daemon thread named `otel-distro-admin`.

    `turn` is held while callbacks run: who forks takes it first, so that the child inherits no lock in use.
    """

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._watched: dict[socket.socket, Callback] = {}
        self._waker, self._wakee = socket.socketpair()
        self._timers: list[tuple[float, int, Callback]] = []
        self._order = itertools.count()
        self._soon: list[Callback] = []
        self._thread = threading.Thread(target=self._run, name="otel-distro-admin", daemon=True)
        self._closing = False
        self._wakee.setblocking(False)
        self._waker.setblocking(False)
        self.watch(self._wakee, READ, self._drain)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def watch(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """Call back whenever the socket is ready, instead of what was called before."""
        if sock in self._watched:
            self._selector.modify(sock, events)
        else:
            self._selector.register(sock, events)
        self._watched[sock] = callback

    def forget(self, sock: socket.socket) -> None:
        """Watch the socket no more, and close it."""
        if self._watched.pop(sock, None):
            self._selector.unregister(sock)
        sock.close()

    def call_later(self, seconds: float, callback: Callback) -> None:
        """Call back once, after so many seconds; from a callback only."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback))

    def call_soon(self, callback: Callback) -> None:
        """Call back as soon as possible; from any thread."""
        self._soon.append(callback)
        with suppress(OSError):  # full: then it wakes up anyway; closed: it was awake, and has ended meanwhile
            self._waker.send(b"\0")

    def close(self, timeout_seconds: float) -> None:
        """Let the thread close every socket and end, and wait for it."""
        self.call_soon(self._end)
        self._thread.join(timeout_seconds)

    def abandon(self) -> None:
        """Close every socket, without the thread: it is over, or it stayed in the parent of this process."""
        for sock in (*self._watched, self._waker):
            sock.close()
        self._selector.close()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._wakee.recv(4096):
                pass

    def _end(self) -> None:
        self._closing = True

    def _run(self) -> None:
        while not self._closing:
            ready = self._selector.select(self._patience())
            with self.turn:
                for key, _ in ready:
                    callback = self._watched.get(cast("socket.socket", key.fileobj))
                    if callback is not None:  # None if an earlier one has closed this socket
                        self._call(callback)
                self._run_due()
        self.abandon()

    def _patience(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_due(self) -> None:
        soon, self._soon = self._soon, []
        for callback in soon:
            self._call(callback)
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._call(heapq.heappop(self._timers)[2])

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - the boundary: one bad callback must not end the admin port
            diagnostics.fault("admin port", error)
