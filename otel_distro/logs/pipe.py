# SPDX-License-Identifier: Apache-2.0
"""Long lines through a pipe that several processes share.

The kernel keeps a write of up to 4,096 bytes in one piece (pipe(7), PIPE_BUF); a longer one stays whole only while
the pipe has room for all of it. So the pipe is made large, processes take turns with their long lines, and a long
line waits a moment for room; if there is none, the caller shortens the line to what the kernel promises.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
import termios

_PAGE = 4096
_WANTED_BYTES = 1 << 20
_SPARE_PAGES = 16
_SETPIPE_SZ = 1031  # linux/fcntl.h; the fcntl module names them from Python 3.10 on Linux only
_GETPIPE_SZ = 1032


def pipe_of(fd: int | None) -> Pipe | None:
    """Return the pipe behind a descriptor, None for files, terminals, sockets."""
    try:
        return Pipe(fd) if fd is not None and stat.S_ISFIFO(os.fstat(fd).st_mode) else None
    except OSError:
        return None


class Pipe:
    """The pipe behind a descriptor, as seen by one of its writers."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pages = 0

    def write(self, line: bytes, *, at_once: bool = False) -> bool:
        """Write a long line while the other processes hold theirs back; False if there is no room for all of it.

        A record lock is between processes, and ends with its owner; threads must take turns before they come here.
        """
        if not at_once and not self._has_room(len(line)):
            return False  # asked without the lock first: many may be waiting
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX)
            if not at_once and not self._has_room(len(line)):
                return False
            write_all(self._fd, line)
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN)
        return True

    def _has_room(self, size: int) -> bool:
        """Whether there is certainly room, with some to spare for short lines that come in between."""
        if not self._pages:
            self._pages = self._enlarge() // _PAGE
        # Two neighbouring pages of a pipe always hold more than one page's worth of data, else they were merged.
        used = 2 * self._waiting_bytes() // _PAGE + 2
        return self._pages - used >= size // _PAGE + 1 + _SPARE_PAGES or used == 2

    def _enlarge(self) -> int:
        with contextlib.suppress(OSError):  # more than the user's share of /proc/sys/fs/pipe-user-pages-soft
            return fcntl.fcntl(self._fd, _SETPIPE_SZ, _WANTED_BYTES)
        with contextlib.suppress(OSError):
            return fcntl.fcntl(self._fd, _GETPIPE_SZ)
        return _PAGE * _SPARE_PAGES

    def _waiting_bytes(self) -> int:
        answer = fcntl.ioctl(self._fd, termios.FIONREAD, b"\0\0\0\0")
        return int(struct.unpack("i", answer)[0])


def write_all(fd: int, line: bytes) -> None:
    """Write all of a line, in as many pieces as the kernel wants."""
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(fd, rest) :]
