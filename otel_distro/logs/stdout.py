# SPDX-License-Identifier: Apache-2.0
"""One line, one write to standard output, whatever standard output is at that moment."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from otel_distro.logs.pipe import Pipe, pipe_of, write_all

PIPE_BUF = 4096
_PATIENCE_SECONDS = 1.0
# For a long line to find room in a pipe; then it is shortened.
_ROOM_SECONDS = 0.25
_SHORTEST_NAP_SECONDS = 0.0005
_LONGEST_NAP_SECONDS = 0.016


class Stdout:
    """Writes whole lines to `sys.stdout`: straight to its file descriptor, or through whatever replaced it.

    A test's capture, `redirect_stdout` and notebooks replace the object; those get the text by `write`. Lines of
    threads never interleave. A log call never raises for what happens here: lines that could not be written are
    counted in `lost`, and the first is told on stderr.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._stream: Any = None
        self._fd: int | None = None
        self._pipe: Pipe | None = None
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def write(self, line: bytes, shorter: Callable[[], bytes] | None = None) -> None:
        """Write one line.

        Args:
            line: with its line feed.
            shorter: returns the line in at most `PIPE_BUF` bytes, for a pipe that has no room for all of it.
        """
        if self.put(line):
            return
        deadline, nap = time.monotonic() + _ROOM_SECONDS, _SHORTEST_NAP_SECONDS
        while time.monotonic() < deadline:
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP_SECONDS)
            if self.put(line):
                return
        self.put(line if shorter is None else shorter(), at_once=True)

    def put(self, line: bytes, *, at_once: bool = False) -> bool:
        """Write a line of at most `PIPE_BUF` bytes; a longer one, too, unless it goes to a pipe without room: then False.

        Args:
            line: with its line feed.
            at_once: write a long line even so, in pieces if need be.
        """
        try:
            # Re-entrant: a signal handler may log while this thread is writing.
            with self._lock:
                stream = sys.stdout
                if stream is not self._stream:
                    self._adopt(stream)
                if self._fd is None:
                    self._write_text(line)
                elif stream.closed:  # its descriptor may be somebody else's by now
                    self._lose("it is closed")
                elif self._pipe is not None and len(line) > PIPE_BUF:
                    return self._pipe.write(line, at_once=at_once)
                elif (written := os.write(self._fd, line)) != len(line):
                    write_all(self._fd, line[written:])
        except BlockingIOError:  # somebody made the descriptor non-blocking, and its reader lags
            self._write_late(line)
        except (OSError, ValueError) as error:  # a broken pipe, a full disk, a stream that was closed
            self._lose(error)
        return True

    def _write_late(self, line: bytes) -> None:
        """Write a line once there is room, if that is soon."""
        fd = -1 if self._fd is None else self._fd
        _, ready, _ = select.select([], [fd], [], _PATIENCE_SECONDS)
        with contextlib.suppress(BlockingIOError):
            if ready and os.write(fd, line) == len(line):
                return
        self._lose("its reader is too slow")

    def _write_text(self, line: bytes) -> None:
        if self._stream is None:
            self._lose("there is none")
            return
        self._stream.write(line.decode("utf-8", "replace"))
        self._stream.flush()

    def _lose(self, reason: object) -> None:
        self.lost += 1
        if self.lost == 1 and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # stderr may be as unwritable
                print(f"otel-distro: stdout cannot be written, log lines are lost: {reason}", file=sys.stderr)  # noqa: T201

    def _adopt(self, stream: Any) -> None:
        self._stream = stream
        self._fd = _descriptor(stream)
        self._pipe = pipe_of(self._fd)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()


def _descriptor(stream: Any) -> int | None:
    """Return the descriptor behind an ordinary text stream, None for anything that was put in its place."""
    if type(stream) is not io.TextIOWrapper:
        return None
    raw = getattr(stream.buffer, "raw", stream.buffer)
    return raw.fileno() if type(raw) is io.FileIO and not stream.closed else None
