# SPDX-License-Identifier: Apache-2.0
"""What arrived, and the fault in force: the state that the servers and the test share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from otel_distro.testing.decode import decode
from otel_distro.testing.faults import Fault, Hang
from otel_distro.testing.records import Record

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Request:
    """One attempt to export, whether or not it was accepted."""

    signal: str
    headers: Mapping[str, str]
    """Header names in lower case; over gRPC, the metadata."""
    size: int
    """Bytes as sent, before decompression."""
    time: float
    """Seconds on the clock of time.monotonic()."""
    fault: Fault | None


class Store:
    """Records, requests and the current fault, guarded by one condition that is notified of every change."""

    def __init__(self, on_record: Callable[[Record], None] | None = None) -> None:
        self._changed = threading.Condition()
        self._records: list[Record] = []
        self._requests: list[Request] = []
        self._fault: Fault | None = None
        self._fault_uses: int | None = None
        self._closed = False
        self._on_record = on_record

    def begin(self, signal: str, headers: Mapping[str, str], size: int) -> Fault | None:
        """Note the request and return the fault that it must meet, if any."""
        with self._changed:
            fault = self._take_fault()
            lowered = {name.lower(): value for name, value in headers.items()}
            self._requests.append(Request(signal, lowered, size, time.monotonic(), fault))
            self._changed.notify_all()
        return fault

    def keep(self, signal: str, body: bytes) -> None:
        """Decode and keep the records of one request; raises DecodeError for what is not OTLP."""
        records = decode(signal, body)
        with self._changed:
            self._records.extend(records)
            self._changed.notify_all()
        if self._on_record:
            for record in records:
                self._on_record(record)

    def records(self, kind: type[R]) -> list[R]:
        """Return the records of one kind, in order of arrival."""
        with self._changed:
            return [record for record in self._records if isinstance(record, kind)]

    def requests(self) -> list[Request]:
        """Return all attempts."""
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        """Forget records and requests; the fault stays."""
        with self._changed:
            self._records.clear()
            self._requests.clear()

    def set_fault(self, fault: Fault | None, times: int | None) -> None:
        """Meet so many requests with a fault, None for all that come; no fault for None."""
        with self._changed:
            self._fault, self._fault_uses = fault, times
            self._changed.notify_all()

    def close(self) -> None:
        """Release whoever hangs."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def hang(self) -> None:
        """Block the calling server thread while the fault is in force."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not isinstance(self._fault, Hang))

    def wait_for(self, predicate: Callable[[], T], timeout: float) -> T | None:
        """Return the first truthy answer of the predicate, or its last answer when the time (seconds) is over."""
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def _take_fault(self) -> Fault | None:
        if self._fault is None or self._fault_uses is None:
            return self._fault
        if self._fault_uses == 0:
            self._fault = None
            return None
        self._fault_uses -= 1
        return self._fault
