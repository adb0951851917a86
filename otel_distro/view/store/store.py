# SPDX-License-Identifier: Apache-2.0
"""The store: one thread writes what a bounded queue hands it; readers have connections of their own.

Who sends never waits: what does not fit into the queue is dropped and counted.
"""

from __future__ import annotations

import collections
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message

from otel_distro.view.receive.decode import rows_of
from otel_distro.view.receive.rows import Batch
from otel_distro.view.store.schema import connect, prepare
from otel_distro.view.store.write import Writer

MAX_BYTES: Final = 256 * 2**20
QUEUE_BYTES: Final = 24 * 2**20
_CHECK_EVERY: Final = 256  # batches


class Store:
    """Keeps what is received.

    Args:
        path: The database; made if it is not there.
        max_bytes: Its size at most.
        changed: Called, in the writer's thread, after something was written.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, changed: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self.counts: collections.Counter[str] = collections.Counter()
        self._max_bytes = max_bytes
        self._changed = changed
        self._waiting: collections.deque[tuple[str, Message | Batch, int]] = collections.deque()
        self._waiting_bytes = 0
        self._wake = threading.Condition()
        self._idle = True
        self._closed = False
        self._connection = connect(path)
        prepare(self._connection)
        self._thread = threading.Thread(target=self._run, name="otel-distro-view-store", daemon=True)
        self._thread.start()

    def put(self, signal: str, message: Message | Batch, size: int) -> bool:
        """Hand over a request, or rows that were made otherwise; False if there is no room.

        Args:
            signal: traces, logs or metrics.
            message: What `parse` returned, or rows.
            size: Bytes, uncompressed.
        """
        with self._wake:
            if self._waiting and self._waiting_bytes + size > QUEUE_BYTES:
                self.counts["dropped_requests"] += 1
                return False
            self._waiting.append((signal, message, size))
            self._waiting_bytes += size
            self._wake.notify_all()
        return True

    def reader(self) -> sqlite3.Connection:
        """Return a connection that only reads; the caller closes it."""
        return connect(self.path, readonly=True)

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait, for so many seconds, until everything that was handed over is written."""
        with self._wake:
            return self._wake.wait_for(lambda: self._idle and not self._waiting, timeout)

    def close(self) -> None:
        """Write what waits, and close."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(10)
        self._connection.close()

    def _run(self) -> None:
        writer, written = Writer(self._connection), 0
        while (item := self._next()) is not None:
            self._write(writer, *item)
            written += 1
            if written % _CHECK_EVERY == 1:
                self._guarded(lambda: self._forget(writer))
            self._changed()

    def _next(self) -> tuple[str, Message | Batch] | None:
        with self._wake:
            self._idle = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            self._idle = False
            signal, message, size = self._waiting.popleft()
            self._waiting_bytes -= size
            return signal, message

    def _write(self, writer: Writer, signal: str, message: Message | Batch) -> None:
        def write() -> None:
            batch = message if isinstance(message, Batch) else rows_of(signal, message)
            writer.write(batch)
            self.counts["spans"] += len(batch.spans)
            self.counts["logs"] += len(batch.logs)
            self.counts["points"] += len(batch.points)

        self._guarded(write)

    def _forget(self, writer: Writer) -> None:
        self.counts["forgotten"] += writer.forget(self._max_bytes)

    def _guarded(self, action: Callable[[], Any]) -> None:
        """Let a full disk or a damaged file cost what it hits, and nothing after it."""
        try:
            action()
        except Exception as error:  # noqa: BLE001  whatever strangers send, the thread goes on
            self.counts["failed_writes"] += 1
            self.error = f"{type(error).__name__}: {error}"

    error: str | None = None
    """The last failure of a write."""
