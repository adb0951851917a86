# SPDX-License-Identifier: Apache-2.0
"""Memory that series live in, readable by another process.

A worker's series live in an anonymous shared file (memfd): the owner of the admin port maps it and reads the numbers
without asking the worker, so a scrape costs the worker nothing and a SIGKILL loses nothing. The file is sparse: pages
that no series uses cost no memory.

Layout, in words of eight bytes: records one after the other, each `length in words | bytes of JSON | JSON, padded |
values (doubles)`. A record's length is written last: a length of zero is the end.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

WORD = 8
SHARED_BYTES = 16 * 1024 * 1024
PRIVATE_BYTES = 256 * 1024
MAX_RECORDS = 65_536  # what a reader parses once, in the thread that also answers /health
_HEAD_WORDS = 2
_F_SEAL_FUTURE_WRITE = 0x10  # whoever gets the descriptor may only read; fcntl has the name from Python 3.13 on


class Record(NamedTuple):
    """One series in a segment: what it is (JSON) and where its values begin and end (word numbers)."""

    descriptor: bytes
    first: int
    stop: int


class Segment:
    """A run of words; `fd` is the shared file's descriptor, None if the memory is private."""

    def __init__(self, size_bytes: int, fd: int | None = None, *, writable: bool = True) -> None:
        self.fd = fd
        protection = mmap.PROT_READ | mmap.PROT_WRITE if writable else mmap.PROT_READ
        self._memory = bytearray(size_bytes) if fd is None else mmap.mmap(fd, size_bytes, prot=protection)
        self.words = memoryview(self._memory).cast("d")
        self._heads = memoryview(self._memory).cast("Q")
        self._used = 0
        self._count = 0
        self._lock = Lock()

    @classmethod
    def private(cls, size_bytes: int = PRIVATE_BYTES) -> Segment:
        """Return a segment that only this process reads."""
        return cls(size_bytes)

    @classmethod
    def shared(cls, size_bytes: int = SHARED_BYTES) -> Segment:
        """Return a segment whose descriptor can be handed to another process.

        Raises:
            OSError: the platform has no memfd, or no memory.
        """
        if not hasattr(os, "memfd_create"):
            raise OSError("this platform has no memfd_create")
        fd = os.memfd_create("otel-distro", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, size_bytes)
        # The reader would be killed by SIGBUS if the file could shrink under it.
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        segment = cls(size_bytes, fd)
        with suppress(OSError):  # Linux before 5.1
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL)
        return segment

    @classmethod
    def mapped(cls, fd: int) -> Segment:
        """Map a segment that another process made; takes the descriptor over.

        Raises:
            OSError: it is not a memfd.
            ValueError: it could shrink, or is larger than any that we make.
        """
        try:
            size = os.fstat(fd).st_size
            if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK and 0 < size <= SHARED_BYTES:
                return cls(size, fd, writable=False)
        except OSError:
            os.close(fd)
            raise
        os.close(fd)
        raise ValueError("expected a sealed segment")

    def allocate(self, descriptor: bytes, values: int) -> int | None:
        """Append a record with so many values, all zero; return the first value's word number, None when full."""
        text_words = -(-len(descriptor) // WORD)
        with self._lock:
            start = self._used
            length = _HEAD_WORDS + text_words + values
            if start + length + 1 > len(self.words) or self._count >= MAX_RECORDS:
                return None
            text_at = (start + _HEAD_WORDS) * WORD
            self._memory[text_at : text_at + len(descriptor)] = descriptor
            self._heads[start + 1] = len(descriptor)
            self._heads[start] = length
            self._used = start + length
            self._count += 1
        return start + length - values

    def records(self, position: int = 0) -> Iterator[tuple[Record, int]]:
        """Yield the records from a position on, each with the position after it.

        Raises:
            ValueError: what is there is no record.
        """
        while position < len(self._heads) and (length := self._heads[position]):
            text_bytes = self._heads[position + 1]
            first = position + _HEAD_WORDS + -(-text_bytes // WORD)
            if first > position + length or position + length > len(self.words):
                raise ValueError(f"a broken record at word {position}")
            text_at = (position + _HEAD_WORDS) * WORD
            stop = position + length
            yield Record(bytes(self._memory[text_at : text_at + text_bytes]), first, stop), stop
            position = stop

    def close(self) -> None:
        """Give the memory and the descriptor back; the words must not be used afterwards."""
        self.words.release()
        self._heads.release()
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
