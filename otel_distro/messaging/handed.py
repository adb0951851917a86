# SPDX-License-Identifier: Apache-2.0
"""What a consumer has handed out and nobody has come back from yet.

An iterator is not told what becomes of what it hands out: the processing of a message ends when whoever got it asks for
the next one, or when the consumer stops. Several tasks or threads may share a consumer, each with a message of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from otel_distro import diagnostics
from otel_distro.messaging.headers import joined
from otel_distro.messaging.processing import Processing
from otel_distro.messaging.telemetry import Source, Telemetry

_KEY = "_otel_distro_handed"
_MOST_TOPICS = 1000
everything: WeakSet[Handed] = WeakSet()


class Handed:
    """What one consumer has handed out, by who has it: a task or a thread.

    Attributes:
        group: The consumer's group.
        client: Its client id.
        elsewhere: Whether its messages are processed elsewhere than where they are handed out: a framework says so.
    """

    __slots__ = ("__weakref__", "_by_taker", "_sources", "client", "elsewhere", "group")

    def __init__(self, group: Any = None, client: Any = None) -> None:
        self.group, self.client, self.elsewhere = group, client, False
        self._by_taker: dict[Any, Processing] = {}
        self._sources: dict[Any, Source] = {}
        everything.add(self)

    def source(self, telemetry: Telemetry, topic: Any) -> Source:
        """Return what is known of one of its topics."""
        source = self._sources.get(topic)
        if source is None:
            if len(self._sources) >= _MOST_TOPICS:
                self._sources.clear()
            source = self._sources[topic] = telemetry.source("kafka", topic, self.group, self.client)
        return source

    def asked(self, taker: Any, is_gone: Callable[[Any], bool]) -> None:
        """End what this taker has had, and what those had who are gone: a task of `asyncio.wait_for`, say."""
        processing = self._by_taker.pop(taker, None)
        if processing is not None:
            processing.end()
        if self._by_taker:
            for other in [each for each in self._by_taker if is_gone(each)]:
                self._by_taker.pop(other).end()

    def give(self, telemetry: Telemetry, taker: Any, record: Any) -> None:
        """Have a taker process a record, of aiokafka or kafka-python."""
        try:
            if self.elsewhere:
                return
            source = self._sources.get(record.topic) or self.source(telemetry, record.topic)
            source.consumed.add(1)
            attributes = source.attributes_of(record.partition, record.offset)
            origin = telemetry.origin(record.headers, record.value)
            self._by_taker[taker] = Processing(telemetry, source, record, origin, attributes)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.receive", error)

    def give_batch(self, telemetry: Telemetry, taker: Any, batches: Mapping[Any, Sequence[Any]]) -> None:
        """Have a taker process records by partition, as one batch."""
        try:
            if self.elsewhere or not batches:
                return
            records: list[Any] = []
            for partition, some in batches.items():
                self.source(telemetry, partition.topic).consumed.add(len(some))
                records += some
            topics = {partition.topic for partition in batches}
            source = self.source(telemetry, topics.pop() if len(topics) == 1 else None)
            origin = joined([telemetry.origin(record.headers, record.value) for record in records])
            attributes = {**source.attributes, "messaging.batch.message_count": len(records)}
            self._by_taker[taker] = Processing(telemetry, source, batches, origin, attributes)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.receive", error)

    def take(self, taker: Any, processing: Processing) -> None:
        """Note who processes what."""
        self._by_taker[taker] = processing

    def stop(self) -> None:
        """End everything."""
        while self._by_taker:
            self._by_taker.popitem()[1].end()

    def __del__(self) -> None:
        """End everything: the consumer has gone without being stopped."""
        with suppress(Exception):  # at the end of the interpreter, what this stands on may be gone
            self.stop()


def handed_by(consumer: Any, describe: Callable[[Any], tuple[Any, Any]] | None = None) -> Handed:
    """Return what a consumer has handed out, which is kept with it; `describe` tells its group and its client id."""
    try:
        handed: Handed = consumer.__dict__[_KEY]
    except KeyError:
        made = Handed(*(describe(consumer) if describe else ()))
        handed = consumer.__dict__.setdefault(_KEY, made)
    return handed


def asked(
    consumer: Any, taker: Any, is_gone: Callable[[Any], bool], describe: Callable[[Any], tuple[Any, Any]] | None = None
) -> Handed:
    """End what the taker has had from a consumer that it asks for more."""
    try:
        handed: Handed = consumer.__dict__.get(_KEY) or handed_by(consumer, describe)
        handed.asked(taker, is_gone)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.receive", error)
        return Handed()
    return handed


def stopped(consumer: Any, more: Callable[[Any], object] | None = None) -> None:
    """End all that a consumer has handed out, and what more there is of it."""
    try:
        if more is not None:
            more(consumer)
        handed_by(consumer).stop()
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.receive", error)


def stop_all() -> None:
    """End what is still being processed: at the end of the process."""
    for handed in list(everything):
        handed.stop()
