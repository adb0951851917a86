# SPDX-License-Identifier: Apache-2.0
"""How far a consumer group is behind: `kafka_consumer_lag{topic, consumer_group}`.

Every process measures the groups of its own consumers, over their own connections: the whole group's lag, so all workers
find the same, and it is told once. Nobody has a number for a group whose processes are all down; alert on that, too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from otel_distro import diagnostics
from otel_distro.metrics.families import Family, Number, Point
from otel_distro.metrics.names import join_labels

FIRST_SECONDS = 1.0
TIMEOUT_SECONDS = 5.0
JITTER = 0.1
KEPT_INTERVALS = 3
_MOST_SERIES = 1000
_TEXT = "Messages of a topic that a consumer group has not committed yet, as its own consumers see it."


class Partition(NamedTuple):
    """What a broker says of one partition: offsets; None where the group has committed nothing yet."""

    committed: int | None
    begin: int
    end: int


def topics_of(consumer: Any) -> set[str]:
    """Return what a consumer reads: what it subscribes to, or what it was assigned by hand."""
    return set(consumer.subscription() or ()) or {partition.topic for partition in consumer.assignment()}


def behind(partitions: Iterable[Partition], reset: str) -> int | None:
    """Return how many messages wait, None if nobody can know.

    What retention has deleted since the commit waits no more. Before a group's first commit everything waits if it begins
    with the oldest; where it begins with the newest, or refuses to begin, nothing is known: a zero would be wrong.

    Args:
        partitions: Of one topic. The commits were asked for before the ends, or the difference may be negative.
        reset: `earliest`, `latest` or `none`: where the consumers begin without a commit.
    """
    known = [_waiting(each, reset) for each in partitions]
    found = [each for each in known if each is not None]
    return sum(found) if found else None


def _waiting(partition: Partition, reset: str) -> int | None:
    if partition.committed is None:
        return max(0, partition.end - partition.begin) if reset == "earliest" else None
    return max(0, partition.end - max(partition.committed, partition.begin))


class Measured(NamedTuple):
    """One measurement: when, by whom."""

    lag: int
    at: float
    consumer: int


class Lags:
    """What the consumers of this process have measured.

    Args:
        interval_seconds: How often each measures.
    """

    def __init__(self, interval_seconds: float) -> None:
        self.interval_seconds = interval_seconds
        self._measured: dict[tuple[str, str], Measured] = {}
        self._failed: set[str] = set()

    def seconds_to_wait(self) -> float:
        """Return when to measure again: not all processes of a service at the same moment."""
        return self.interval_seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311

    def measured(self, topic: str, group: str, lag: int | None, consumer: int) -> None:
        """Keep a measurement; None where nothing is known any more."""
        if lag is None:
            self._measured.pop((topic, group), None)
        elif len(self._measured) < _MOST_SERIES or (topic, group) in self._measured:
            self._measured[topic, group] = Measured(lag, time.monotonic(), consumer)

    def left(self, consumer: int) -> None:
        """Forget what a consumer has measured: it stands no more."""
        for key in [key for key, measured in self._measured.items() if measured.consumer == consumer]:
            self._measured.pop(key, None)

    def failed(self, group: str, error: BaseException) -> None:
        """Say once per group that its lag cannot be measured."""
        if group not in self._failed and len(self._failed) < _MOST_SERIES:
            self._failed.add(group)
            diagnostics.report(
                "cannot measure the lag of a consumer group; trying again", consumer_group=group, reason=repr(error)
            )

    def families(self) -> Iterator[Family]:
        """Yield what is known and not too old: a consumer that hangs shows nothing rather than what was once true."""
        oldest = time.monotonic() - KEPT_INTERVALS * self.interval_seconds
        points: dict[str, Point] = {
            join_labels({"topic": topic, "consumer_group": group}): Number(float(measured.lag))
            for (topic, group), measured in list(self._measured.items())
            if measured.at >= oldest
        }
        if points:
            yield Family("kafka_consumer_lag", "gauge", _TEXT, policy="last", points=points)
