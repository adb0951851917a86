# SPDX-License-Identifier: Apache-2.0
"""The lag of aiokafka's consumers, measured on their own event loop and connection.

A timer, and no task, waits between two measurements: a loop that ends has nothing of ours pending. Nothing is asked of a
topic that is not there: asking would create it again.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import ref

from otel_distro import diagnostics
from otel_distro.messaging.lag import FIRST_SECONDS, TIMEOUT_SECONDS, Lags, Partition, behind, topics_of
from otel_distro.metrics import heartbeat
from otel_distro.upstream.messaging import (
    aiokafka_cluster,
    aiokafka_committed,
    aiokafka_group_id,
    aiokafka_reset,
    aiokafka_topic_partition,
)

_KEY = "_otel_distro_lag"
Method = Callable[..., Awaitable[Any]]


def starting(original: Method, lags: Lags | None) -> Method:
    """Return `start`, after which the consumer is measured and its event loop is watched."""

    @functools.wraps(original)
    async def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        started = await original(self, *args, **kwargs)
        try:
            heartbeat.watch(asyncio.get_running_loop())
            if lags is not None and aiokafka_group_id(self) is not None:
                self.__dict__[_KEY] = _Timer(self, lags)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.lag", error)
        return started

    return start


def stop(consumer: Any) -> None:
    """Measure a consumer no more."""
    timer = consumer.__dict__.pop(_KEY, None)
    if timer is not None:
        timer.stop()


class _Timer:
    """Measures one consumer again and again, until it is stopped or nobody has it any more."""

    def __init__(self, consumer: Any, lags: Lags) -> None:
        self._consumer, self._identity = ref(consumer), id(consumer)
        self._lags = lags
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._handle = self._loop.call_later(min(FIRST_SECONDS, lags.interval_seconds), self._begin)

    def stop(self) -> None:
        self._handle.cancel()
        if self._task is not None:
            self._task.cancel()
        self._lags.left(self._identity)

    def _begin(self) -> None:
        consumer = self._consumer()
        if consumer is None:
            self._lags.left(self._identity)
            return
        self._task = self._loop.create_task(self._measure(consumer), name="otel-distro-kafka-lag")
        self._handle = self._loop.call_later(self._lags.seconds_to_wait(), self._begin)

    async def _measure(self, consumer: Any) -> None:
        try:
            await asyncio.wait_for(self._ask(consumer), TIMEOUT_SECONDS)
        except Exception as error:  # noqa: BLE001 - the boundary: a broker that is away is the application's to handle
            self._lags.failed(str(aiokafka_group_id(consumer)), error)

    async def _ask(self, consumer: Any) -> None:
        """Ask for commits, and for the ends after them."""
        group, cluster = str(aiokafka_group_id(consumer)), await aiokafka_cluster(consumer)
        for topic in topics_of(consumer) & cluster.topics():
            partitions = [
                aiokafka_topic_partition(topic, number) for number in cluster.partitions_for_topic(topic) or ()
            ]
            committed = await aiokafka_committed(consumer, partitions)
            begins = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            found = [Partition(committed.get(each), begins[each], ends[each]) for each in partitions]
            self._lags.measured(topic, group, behind(found, aiokafka_reset(consumer)), self._identity)
