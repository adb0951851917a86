# SPDX-License-Identifier: Apache-2.0
"""The exporter: a bounded queue in front of a thread of its own.

Whoever submits never waits: not for the network, and not for a lock, since a signal handler may submit or flush while
its own thread does. That leaves the queue's bound exact to within the number of threads that submit at one instant.

What is not encoded yet is encoded in the submitting thread, a few records in a row: the first costs three times what the
others cost, since the application has pushed the encoder out of the processor's caches. The export thread encodes what
is left when it takes a batch, and otherwise holds the interpreter's lock for no more than a join.
"""

import os
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro.diagnostics import fault
from otel_distro.ground.frozen import dataclass
from otel_distro.otlp.inbox import Encode, Flush, Inbox
from otel_distro.otlp.notices import Notices
from otel_distro.settings.model import OtlpSettings, QueueSettings
from otel_distro.upstream.threads import Signal, start

if TYPE_CHECKING:
    from otel_distro.otlp.sender import Sender

GROUP: Final = 16


@dataclass(frozen=True)
class ExportStats:
    """What became of the records so far: submitted = exported + failed + dropped + queue_size."""

    submitted: int
    exported: int
    dropped: int  # at the entrance: the queue was full, or shut down
    failed: int  # refused, given up, or left when the process ended
    queue_size: int  # waiting or being sent
    queue_capacity: int


class Exporter:
    """Sends encoded records of one signal to a collector, by OTLP over HTTP.

    When the queue is full the newest record is dropped, and `submit` says so. What it has accepted is not thrown out
    later for something newer: a log line that says "otlp": true must not be wrong.

    Args:
        signal: which signal; names the thread and the notices.
        otlp: endpoint, headers, compression, TLS, time limit of a request.
        queue: sizes and times of the batches.

    Attributes:
        encode: makes bytes of a record that is submitted as something else.

    """

    encode: Encode = bytes

    def __init__(self, signal: Literal["traces", "logs"], otlp: OtlpSettings, queue: QueueSettings) -> None:
        self._signal = signal
        self._otlp = otlp
        self._queue = queue
        self._capacity = queue.max_queue_size
        self._batch_size = min(queue.max_export_batch_size, queue.max_queue_size)
        self.restart_in_child()
        _restart_after_fork(self)

    def restart_in_child(self) -> None:
        """Begin with an empty queue and no thread, as a forked child must: what was queued is its parent's to send."""
        self._inbox = Inbox()
        # Reentrant, since a signal handler may come in between.
        self._lock = threading.RLock()
        self._thread: Signal | None = None
        self._dropped = 0
        self._closed = False

    def finish_imports(self) -> None:
        """Wait for what the thread imports first: a module lock that it holds at a fork stays locked in the child."""
        if self._thread is not None:
            self._sender_class()

    @staticmethod
    def _sender_class() -> "type[Sender]":
        # http.client and ssl cost 20 ms to import: not in the thread that serves a request.
        from otel_distro.otlp.sender import Sender

        return Sender

    def submit(self, resource: Resource, scope: InstrumentationScope | None, record: Any) -> bool:
        """Queue a record, encoded or not; return False if it was dropped instead. Never blocks, from any thread.

        A record that is not encoded must not change any more.
        """
        inbox = self._inbox
        records = inbox.records
        if self._closed or len(records) >= self._capacity:
            with self._lock:
                self._dropped += 1
            return False
        item = [resource, scope, record]
        records.append(item)
        if type(record) is not bytes:
            fresh = inbox.fresh
            fresh.append(item)
            if len(fresh) >= GROUP:
                inbox.encode_fresh(self.encode)
        if self._thread is None:
            self._start()
        elif len(records) >= self._batch_size:
            inbox.announce_full_batch()
        return True

    def _start(self) -> None:
        """Start the thread, with the first record: a process that exports nothing has none."""
        with self._lock:
            if self._thread is not None:
                return
            name = f"otel-distro-export-{self._signal}"
            try:
                self._thread = start(partial(self._run, self._inbox), name)
            except RuntimeError as exc:  # the interpreter is ending, or threads have run out: a flush sends inline
                fault("export thread", exc)

    def _sender(self, inbox: Inbox) -> "Sender":
        return self._sender_class()(self._signal, self._otlp, self._queue, inbox, self.encode)

    def _run(self, inbox: Inbox) -> None:
        sender = self._sender(inbox)
        while not sender.ended:
            try:
                sender.run()
            except Exception as exc:  # noqa: BLE001 - a thread's last boundary; it must outlive its own faults
                fault("export thread", exc)
                sender.recover()

    def force_flush(self, timeout_seconds: float) -> bool:
        """Send what was submitted so far; return whether all of it was delivered within the time.

        Returns at once, with False, if the collector cannot be reached.
        """
        return self._flush(timeout_seconds, final=False)

    def shutdown(self, timeout_seconds: float) -> bool:
        """Send what is left, accept nothing more, end the thread; return whether all was delivered within the time."""
        with self._lock:
            if self._closed:
                return True
            self._closed = True
        delivered = self._flush(timeout_seconds, final=True)
        # The thread counts and reports what it gives up, unless it waits for a collector that accepts and says nothing.
        if (left := self._inbox.unsettled) and self._inbox.may_say_last_words():
            Notices(self._signal, self._otlp.address, self._capacity).lost(left)
        return delivered

    def _flush(self, timeout_seconds: float, *, final: bool) -> bool:
        inbox = self._inbox
        if self._thread is None and not inbox.records:
            return True
        flush = Flush(timeout_seconds, final=final)
        inbox.requests.put(flush)
        if self._thread is None:
            self._run_inline(inbox)
        return flush.wait()

    def _run_inline(self, inbox: Inbox) -> None:
        """Serve one flush in the caller's thread, where no other can be had any more."""
        self._sender(inbox).serve_once()

    @property
    def stats(self) -> ExportStats:
        """The counts so far, of this process."""
        inbox, dropped = self._inbox, self._dropped
        waiting = inbox.unsettled
        return ExportStats(
            submitted=inbox.exported + inbox.failed + dropped + waiting,
            exported=inbox.exported,
            dropped=dropped,
            failed=inbox.failed,
            queue_size=waiting,
            queue_capacity=self._capacity,
        )


def _restart_after_fork(exporter: Exporter) -> None:
    if hasattr(os, "register_at_fork"):
        alive = weakref.ref(exporter)

        def prepare() -> None:
            if (found := alive()) is not None:
                found.finish_imports()

        def restart() -> None:
            if (found := alive()) is not None:
                found.restart_in_child()

        os.register_at_fork(before=prepare, after_in_child=restart)
