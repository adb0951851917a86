# SPDX-License-Identifier: Apache-2.0
"""The export thread: takes batches out of the queue, sends them, and decides what an answer means.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response, https://opentelemetry.io/docs/specs/otel/protocol/exporter/#retry
"""

import random
from dataclasses import dataclass
from queue import Empty
from time import monotonic

from otel_distro.otlp.inbox import Encode, Flush, Inbox, is_encoded
from otel_distro.otlp.notices import Notices
from otel_distro.otlp.request import build_request
from otel_distro.otlp.response import Reply
from otel_distro.otlp.transport import Transport, Unreachable
from otel_distro.settings.model import OtlpSettings, QueueSettings

_FIRST_BACKOFF_SECONDS = 1.0
_LONGEST_BACKOFF_SECONDS = 8.0
_LONGEST_RETRY_AFTER_SECONDS = 60.0


@dataclass
class _Batch:
    body: bytes
    size: int
    attempts: int = 0
    give_up_at: float | None = None  # counts from the first contact: an unreachable collector wears no batch out


class Sender:
    """Sends what is in `records`: every `schedule_delay_millis`, as soon as a batch is full, and when flushed.

    A batch that meets an unreachable collector is kept until there is one: what the queue cannot hold meanwhile is
    dropped at its entrance. A batch that is turned away again after `export_timeout_millis` is given up.
    """

    def __init__(
        self, signal: str, otlp: OtlpSettings, queue: QueueSettings, inbox: Inbox, encode: Encode = bytes
    ) -> None:
        self._delay = queue.schedule_delay_millis / 1000
        self._export_timeout = queue.export_timeout_millis / 1000
        self._batch_size = min(queue.max_export_batch_size, queue.max_queue_size)
        self._inbox = inbox
        self._encode = encode
        self._notices = Notices(signal, otlp.address, queue.max_queue_size)
        self._transport = Transport(otlp)
        self._batch: _Batch | None = None
        self._flushes: list[Flush] = []
        self._due = monotonic() + self._delay
        self._not_before = 0.0
        self._flush_may_hurry = True
        self.ended = False

    def run(self) -> None:
        """Serve until a final flush."""
        pause = self._delay
        while not self.ended:
            self._listen(pause)
            pause = self.work()
        self._transport.close()

    def serve_once(self) -> None:
        """Serve the flush that is waiting, and end."""
        self._listen(0)
        while self._flushes:
            self._listen(min(self.work(), 0.05))
        self._transport.close()

    def _listen(self, seconds: float) -> None:
        try:
            flush = self._inbox.requests.get(timeout=seconds)
        except Empty:
            return
        self._inbox.full_batch_announced = False
        if flush is not None:
            self.take(flush)

    def take(self, flush: Flush) -> None:
        """Accept a flush: it waits for the records that are here now."""
        flush.remaining = self._inbox.unsettled
        self._flushes.append(flush)
        if self._flush_may_hurry:
            self._not_before = 0.0

    def work(self) -> float:
        """Send what is due; return for how many seconds there is nothing more to do."""
        self._release_settled()
        while self._next_batch() is not None:
            pause = self._not_before - monotonic()
            if pause > 0:
                self._release(before=self._not_before)
                return pause
            self._attempt()
        return max(0.001, self._due - monotonic())

    def _next_batch(self) -> _Batch | None:
        if self._batch is None:
            due = bool(self._flushes) or monotonic() >= self._due
            waiting = len(self._inbox.records)
            if waiting and (due or waiting >= self._batch_size):
                self._batch = self._take_batch(min(waiting, self._batch_size))
            elif due:
                self._due = monotonic() + self._delay
        return self._batch

    def _take_batch(self, size: int) -> _Batch:
        take = self._inbox.records.popleft
        taken = [take() for _ in range(size)]
        self._inbox.in_flight = size
        records = [record for record in taken if is_encoded(record, self._encode)]
        if len(records) < size:
            self._settle(0, size - len(records))
            self._inbox.in_flight = size = len(records)
        return _Batch(self._transport.encode_body(build_request(records)), size)

    def _attempt(self) -> None:
        batch = self._batch
        assert batch is not None  # noqa: S101 - for the type checker: `work` has just taken it
        batch.attempts += 1
        try:
            reply = self._transport.post(batch.body)
        except Unreachable as exc:
            self._postpone(exc, self._backoff(batch), hurry=True)
            self._release(before=float("inf"))
        except OSError as exc:
            self._turned_away(batch, exc, self._backoff(batch))
        else:
            self._judge(batch, reply)

    def _judge(self, batch: _Batch, reply: Reply) -> None:
        if reply.retryable:
            asked = reply.retry_after_seconds()
            pause = self._backoff(batch) if asked is None else min(asked, _LONGEST_RETRY_AFTER_SECONDS)
            self._turned_away(batch, reply.explanation(), pause)
            return
        self._notices.available()
        if reply.accepted:
            count, message = reply.rejected()
            rejected = min(count, batch.size)
            if count or message:
                self._notices.refused(rejected, f"partial: {message}", message or "no reason given")
        else:
            rejected = batch.size
            self._notices.refused(rejected, str(reply.status), reply.explanation())
        self._settle(batch.size - rejected, rejected)

    def _turned_away(self, batch: _Batch, reason: object, pause: float) -> None:
        """Keep a batch that was not taken for another attempt, or give it up if it had its time."""
        now = monotonic()
        if batch.give_up_at is None:
            batch.give_up_at = now + self._export_timeout
        self._postpone(reason, pause, hurry=False)
        if now >= batch.give_up_at:
            self._settle(0, batch.size)

    def _postpone(self, reason: object, pause: float, *, hurry: bool) -> None:
        self._notices.unavailable(reason)
        self._not_before = monotonic() + pause
        self._flush_may_hurry = hurry

    def _backoff(self, batch: _Batch) -> float:
        pause = min(_FIRST_BACKOFF_SECONDS * 2.0 ** min(batch.attempts - 1, 10), _LONGEST_BACKOFF_SECONDS)
        return float(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, so that workers do not come back together

    def _settle(self, exported: int, failed: int) -> None:
        """Count a batch that is done with, and release the flushes that waited for no other."""
        inbox, self._batch = self._inbox, None
        inbox.in_flight = 0
        inbox.exported += exported
        inbox.failed += failed
        for flush in self._flushes:
            flush.remaining -= exported + failed
            flush.lost += failed
        self._release_settled()

    def _release_settled(self) -> None:
        for flush in [each for each in self._flushes if each.remaining <= 0]:
            self._finish(flush)

    def _release(self, *, before: float) -> None:
        """Release the flushes whose deadline comes before anything more can be sent."""
        for flush in [each for each in self._flushes if each.deadline < before]:
            self._finish(flush)

    def _finish(self, flush: Flush) -> None:
        self._flushes.remove(flush)
        if flush.final:
            self._abandon()
        flush.finish()

    def _abandon(self) -> None:
        """Count as failed what was not delivered by the end."""
        inbox, self.ended = self._inbox, True
        left = inbox.unsettled
        inbox.records.clear()
        self._batch, inbox.in_flight = None, 0
        inbox.failed += left
        if left and inbox.may_say_last_words():
            self._notices.lost(left)

    def recover(self) -> None:
        """Give up the batch at hand, which has just led to an error of ours."""
        self._settle(0, self._inbox.in_flight)
