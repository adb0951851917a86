# SPDX-License-Identifier: Apache-2.0
"""What Loki refuses, and with which answer; the rest of the same request is stored all the same.

Source: https://grafana.com/docs/loki/latest/operations/request-validation-rate-limits/, whose headings are the reasons here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from testbed.loki_door.configuration import Limits
from testbed.loki_door.records import Entry

RATE_LIMITED: Final = 429
INVALID: Final = 400
Rule = Callable[[Limits, Mapping[str, str], Entry, int], bool]
"""Whether an entry of a stream with these labels is refused at this time (nanoseconds)."""


@dataclass(frozen=True)
class Refusal:
    """Why a record was not taken, and the status that says so."""

    reason: str
    status: int
    detail: str


def _missing_labels(_: Limits, labels: Mapping[str, str], __: Entry, ___: int) -> bool:
    return not labels


def _too_many_labels(limits: Limits, labels: Mapping[str, str], _: Entry, __: int) -> bool:
    return len(labels) > limits.max_label_names_per_series


def _label_name(limits: Limits, labels: Mapping[str, str], _: Entry, __: int) -> bool:
    return any(len(name.encode()) > limits.max_label_name_length for name in labels)


def _label_value(limits: Limits, labels: Mapping[str, str], _: Entry, __: int) -> bool:
    return any(len(value.encode()) > limits.max_label_value_length for value in labels.values())


def _too_old(limits: Limits, _: Mapping[str, str], entry: Entry, now: int) -> bool:
    return (now - entry.time) / 1e9 > limits.oldest


def _too_new(limits: Limits, _: Mapping[str, str], entry: Entry, now: int) -> bool:
    return (entry.time - now) / 1e9 > limits.newest


def _line_too_long(limits: Limits, _: Mapping[str, str], entry: Entry, __: int) -> bool:
    return not limits.max_line_size_truncate and len(entry.line.encode()) > limits.max_line_size


def _metadata_size(limits: Limits, _: Mapping[str, str], entry: Entry, __: int) -> bool:
    return metadata_bytes(entry) > limits.max_structured_metadata_size


def _metadata_count(limits: Limits, _: Mapping[str, str], entry: Entry, __: int) -> bool:
    return len(entry.metadata) > limits.max_structured_metadata_entries_count


RULES: Final[Sequence[tuple[str, Rule]]] = (
    ("missing_labels", _missing_labels),
    ("max_label_names_per_series", _too_many_labels),
    ("label_name_too_long", _label_name),
    ("label_value_too_long", _label_value),
    ("greater_than_max_sample_age", _too_old),
    ("too_far_in_future", _too_new),
    ("line_too_long", _line_too_long),
    ("structured_metadata_too_large", _metadata_size),
    ("structured_metadata_too_many", _metadata_count),
)


def metadata_bytes(entry: Entry) -> int:
    """Return the size of names and values."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in entry.metadata.items())


def refusal(limits: Limits, labels: Mapping[str, str], entry: Entry, now: int) -> Refusal | None:
    """Return the first rule that the entry breaks."""
    for reason, breaks in RULES:
        if breaks(limits, labels, entry, now):
            return Refusal(reason, INVALID, f"entry for stream {dict(labels)!r:.200} refused: {reason}")
    return None


class Bucket:
    """Bytes a second, with a burst."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, time.monotonic()

    def takes(self, amount: int) -> bool:
        """Take the amount, unless there is not so much left."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True
