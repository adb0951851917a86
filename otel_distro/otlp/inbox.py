# SPDX-License-Identifier: Apache-2.0
"""What the application's threads and the export thread share: records, counts, and requests to flush."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from otel_distro.diagnostics import fault
from otel_distro.upstream.threads import Signal, SimpleQueue

# Resource, scope, and the encoded record, or what it will be made of: a list, since that changes.
Record = list[Any]
Encode = Callable[[Any], bytes]


def is_encoded(record: Record, encode: Encode) -> bool:
    """Encode a record unless it is encoded already; False if that cannot be done."""
    if type(record[2]) is not bytes:
        try:
            record[2] = encode(record[2])
        except Exception as exc:  # noqa: BLE001 - what cannot be encoded must not reach the application, nor stop the rest
            fault("encoding", exc)
            return False
    return True


class Flush:
    """Somebody waits, until a deadline, for all that was submitted before.

    Args:
        timeout_seconds: how long the caller waits.
        final: whether the export thread ends with it.

    """

    def __init__(self, timeout_seconds: float, *, final: bool) -> None:
        self.deadline = monotonic() + timeout_seconds
        self.final = final
        self.remaining = 0  # records still to be settled, counted by the export thread when it takes the request
        self.lost = 0  # records of those that could not be delivered
        self._succeeded = False
        # Private to this request, so a signal handler that flushes cannot meet a lock that its own thread holds.
        self._done = Signal()

    def wait(self) -> bool:
        """Wait for the end of the flush or of the time; return whether everything was delivered."""
        self._done.wait(self.deadline - monotonic())
        return self._succeeded

    def finish(self) -> None:
        """Release the caller."""
        self._succeeded = self.remaining <= 0 and not self.lost
        self._done.set()


class Inbox:
    """The queue of one process. Only the export thread takes records out and counts them.

    `deque` and `SimpleQueue` because their operations are single steps, safe in threads and in signal handlers.
    """

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self.fresh: list[Record] = []  # of the records, those that wait to be encoded
        self.requests: SimpleQueue[Flush | None] = SimpleQueue()
        self.full_batch_announced = False
        self.in_flight = 0
        self.exported = 0
        self.failed = 0
        self._last_words = [True]

    def may_say_last_words(self) -> bool:
        """Whether nobody has said yet how many records are lost: at a deadline two threads know it at once."""
        try:
            return self._last_words.pop()
        except IndexError:
            return False

    def announce_full_batch(self) -> None:
        """Wake the export thread, once until it has heard."""
        if not self.full_batch_announced:
            self.full_batch_announced = True
            self.requests.put(None)

    def encode_fresh(self, encode: Encode) -> None:
        """Encode what waits for it. One that comes in at this instant may be missed: the export thread looks again."""
        fresh, self.fresh = self.fresh, []
        for record in fresh:
            is_encoded(record, encode)

    @property
    def unsettled(self) -> int:
        """The number of records waiting or being sent."""
        return len(self.records) + self.in_flight
