# SPDX-License-Identifier: Apache-2.0
"""One line, one write: a server's to the descriptor of standard output, another program's to a stream of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from otel_distro.logs.pipe import Pipe, pipe_of, write_all
from otel_distro.roles import serves

PIPE_BUF = 4096
_PATIENCE_SECONDS = 1.0
# For a long line to find room in a pipe; then it is shortened.
_ROOM_SECONDS = 0.25
_SHORTEST_NAP_SECONDS = 0.0005
_LONGEST_NAP_SECONDS = 0.016
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


class Stdout:
    """Writes whole lines, and decides where to.

    What serves writes to the descriptor of standard output, whatever `sys.stdout` is at that moment: that one may
    belong to a request (`redirect_stdout`), or log what is written to it. Of any other program standard output is
    the data: its lines go to the stream that its own handler or renderer would have written to.

    Lines of threads never interleave. A log call never raises for what happens here: lines that could not be written
    are counted in `lost`, and the first is told on stderr.

    Args:
        stream: `auto`; or `stdout`, `stderr`: that one's descriptor, whatever the process is.
    """

    def __init__(self, stream: str = "auto") -> None:
        self.lost = 0
        self.fixed = stream != "auto"
        self._name = "stderr" if stream == "stderr" else "stdout"
        self._stream: Any = None
        self._fd: int | None = None
        self._pipe: Pipe | None = None
        self._printing = _Printing()
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def is_fixed(self) -> bool:
        """Whether all lines go to one descriptor, by now: a process may begin to serve at any time."""
        if not self.fixed:
            self.fixed = serves()
        return self.fixed

    @property
    def real(self) -> Any:
        """The stream of the one descriptor, whatever stands in its place."""
        return getattr(sys, f"__{self._name}__", None)

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
        if not self.fixed and not self.is_fixed():
            self.print(line, sys.stdout)
            return True
        try:
            # Re-entrant: a signal handler may log while this thread is writing.
            with self._lock:
                if self._fd is None or self._stream.closed:  # its descriptor may be somebody else's by now
                    self._adopt()
                if self._fd is None:
                    self._write_text(line)
                elif self._pipe is not None and len(line) > PIPE_BUF:
                    return self._pipe.write(line, at_once=at_once)
                elif (written := os.write(self._fd, line)) != len(line):
                    write_all(self._fd, line[written:])
        except BlockingIOError:  # somebody made the descriptor non-blocking, and its reader lags
            self._write_late(line)
        except ValueError as error:  # a stream that was closed, or whose buffer was taken away
            self._write_otherwise(line, error)
        except Exception as error:  # noqa: BLE001 - a broken pipe, a full disk, or a stream of the application's own
            self._lose(error)
        return True

    def print(self, line: bytes, stream: Any) -> None:
        """Write one line to any stream, as `print` does.

        A stream that logs what is written to it, or a signal handler, comes back here before the first line is
        written: that line goes to the real standard error instead, or there would be no end.
        """
        if self._printing.inside:
            stream = sys.__stderr__
        if stream is None:
            return
        before, self._printing.inside = self._printing.inside, True
        try:
            _print(line.decode("utf-8", "replace"), stream)
        except Exception as error:  # noqa: BLE001 - the stream is the application's
            self._lose(error)
        finally:
            self._printing.inside = before

    def _write_otherwise(self, line: bytes, error: ValueError) -> None:
        """Write where the stream is now: `sys.stdout = TextIOWrapper(sys.stdout.detach())` leaves the first one useless."""
        self._adopt()
        if self._fd is None:
            self._lose(error)
        else:
            self.put(line, at_once=True)

    def _write_late(self, line: bytes) -> None:
        """Write a line once there is room, if that is soon."""
        fd = -1 if self._fd is None else self._fd
        _, ready, _ = select.select([], [fd], [], _PATIENCE_SECONDS)
        with contextlib.suppress(BlockingIOError):
            if ready and os.write(fd, line) == len(line):
                return
        self._lose("its reader is too slow")

    def _write_text(self, line: bytes) -> None:
        stream = self.real
        if stream is None:
            self._lose("there is none")
        else:
            _print(line.decode("utf-8", "replace"), stream)

    def _lose(self, reason: object) -> None:
        self.lost += 1
        if self.lost == 1 and sys.__stderr__ is not None:
            with contextlib.suppress(OSError, ValueError):  # stderr may be as unwritable
                message = f"otel-distro: {self._name} cannot be written, log lines are lost: {reason}"
                print(message, file=sys.__stderr__)

    def _adopt(self) -> None:
        """Find the descriptor: behind the first stream, or behind what took its buffer over."""
        current = getattr(sys, self._name, None)
        number = _descriptor(self.real)
        self._stream = self.real if number is not None else current
        if number is None and _descriptor(current) in _STANDARD:
            number = _descriptor(current)
        self._fd = number
        self._pipe = pipe_of(number)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()


_STANDARD: Final = (1, 2)


class _Printing(threading.local):
    inside = False


def _print(text: str, stream: Any) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # JSON's escapes, which people can read, too
        stream.write(_NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text))
    flush = getattr(stream, "flush", None)
    if flush is not None:
        flush()


def _descriptor(stream: Any) -> int | None:
    """Return the descriptor behind an ordinary open text stream, None for anything that was put in its place."""
    if type(stream) is not io.TextIOWrapper:
        return None
    try:
        raw = getattr(stream.buffer, "raw", stream.buffer)
        return raw.fileno() if type(raw) is io.FileIO and not stream.closed else None
    except ValueError:  # closed, or detached
        return None
