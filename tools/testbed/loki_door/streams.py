# SPDX-License-Identifier: Apache-2.0
"""What a tenant's streams hold, and who may add to them."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from testbed.loki_door.admission import INVALID, RATE_LIMITED, Bucket, Refusal, metadata_bytes, refusal
from testbed.loki_door.configuration import Limits
from testbed.loki_door.records import Entry, Labelled


class Stream:
    """The entries of one set of labels."""

    def __init__(self, labels: Mapping[str, str], limits: Limits) -> None:
        self.labels = dict(labels)
        self.bucket = Bucket(limits.stream_rate, limits.stream_burst)
        self._behind = int(limits.behind * 1e9)
        self._newest = 0
        self._seen: set[tuple[int, str]] = set()
        self._entries: list[Entry] = []
        self._sorted = True

    def too_far_behind(self, entry: Entry) -> bool:
        """Entries may come out of order, up to half of max_chunk_age behind the newest.

        https://grafana.com/docs/loki/latest/configure/#accept-out-of-order-writes
        """
        return entry.time < self._newest - self._behind

    def add(self, entry: Entry) -> bool:
        """Add an entry; one of equal time and equal line is the same one, whatever its metadata (observed)."""
        key = (entry.time, entry.line)
        if key in self._seen:
            return False
        self._seen.add(key)
        self._sorted = self._sorted and entry.time >= self._newest
        self._newest = max(self._newest, entry.time)
        self._entries.append(entry)
        return True

    def between(self, start: int, end: int) -> Sequence[Entry]:
        """Return what lies in [start, end), oldest first."""
        at = attrgetter("time")
        if not self._sorted:
            self._entries.sort(key=at)
            self._sorted = True
        return self._entries[bisect_left(self._entries, start, key=at) : bisect_left(self._entries, end, key=at)]

    def touches(self, start: int) -> bool:
        """Return whether there is anything since then."""
        return self._newest >= start

    def __len__(self) -> int:
        return bisect_right(self._entries, self._newest, key=attrgetter("time")) if self._sorted else len(self._entries)


class Tenant:
    """All streams of a tenant."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.received = 0
        self.discarded: Counter[str] = Counter()
        self._bucket = Bucket(limits.rate, limits.burst)
        self._streams: dict[tuple[tuple[str, str], ...], Stream] = {}

    def streams(self) -> list[Stream]:
        """Return all streams."""
        return list(self._streams.values())

    def push(self, given: Iterable[Labelled]) -> tuple[list[Labelled], list[Refusal]]:
        """Take what may be taken; return that, and why the rest was not."""
        entries, now = list(given), time.time_ns()
        if not self._bucket.takes(sum(_size(entry) for _, entry in entries)):
            self.discarded["rate_limited"] += len(entries)
            return [], [Refusal("rate_limited", RATE_LIMITED, "ingestion rate limit exceeded")]
        accepted: list[Labelled] = []
        refusals = list(self._take(entries, now, accepted))
        self.discarded.update(refused.reason for refused in refusals)
        return accepted, refusals

    def _take(self, entries: Iterable[Labelled], now: int, accepted: list[Labelled]) -> Iterator[Refusal]:
        for labels, entry in entries:
            self.received += _size(entry)
            if refused := refusal(self.limits, labels, entry, now):
                yield refused
                continue
            entry.line = _cut(entry.line, self.limits)
            stream = self._stream(labels)
            if stream.too_far_behind(entry):
                yield Refusal("too_far_behind", INVALID, f"entry too far behind in stream {dict(labels)!r:.200}")
            elif not stream.bucket.takes(_size(entry)):
                yield Refusal(
                    "per_stream_rate_limit", RATE_LIMITED, f"rate limit of stream {dict(labels)!r:.200} exceeded"
                )
            elif stream.add(entry):
                accepted.append((labels, entry))

    def _stream(self, labels: Mapping[str, str]) -> Stream:
        key = tuple(sorted(labels.items()))
        if (found := self._streams.get(key)) is None:
            found = self._streams[key] = Stream(labels, self.limits)
        return found


def _size(entry: Entry) -> int:
    return len(entry.line.encode()) + metadata_bytes(entry)


def _cut(line: str, limits: Limits) -> str:
    """With max_line_size_truncate a long line is cut, not refused."""
    if len(line) * 4 <= limits.max_line_size:
        return line
    return line.encode()[: limits.max_line_size].decode(errors="ignore")
