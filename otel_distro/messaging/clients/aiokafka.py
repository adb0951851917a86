# SPDX-License-Identifier: Apache-2.0
"""aiokafka: what `getone` and `async for` hand out is current in the task that asked, what is sent carries its origin."""

from __future__ import annotations

import functools
import sys
from asyncio import current_task
from collections.abc import Awaitable, Callable
from typing import Any

from otel_distro.ground.patch import Patches
from otel_distro.messaging.clients import aiokafka_lag as lag
from otel_distro.messaging.handed import asked, stopped
from otel_distro.messaging.sending import Sending, acknowledged, begin, merged, partition_of, wrapped
from otel_distro.messaging.telemetry import Telemetry
from otel_distro.upstream.messaging import aiokafka_client_id, aiokafka_group_id, serialises

Method = Callable[..., Awaitable[Any]]


class _Carried(list[Any]):
    """Headers that say already where the message comes from: `send_and_wait` calls `send`."""


def install(telemetry: Telemetry) -> Callable[[], None]:
    """Observe the clients; return the undo."""
    library: Any = sys.modules["aiokafka"]
    consumer, producer, patches = library.AIOKafkaConsumer, library.AIOKafkaProducer, Patches()
    patches.set(consumer, "getone", _getone(consumer.getone, telemetry))
    patches.set(consumer, "getmany", _getmany(consumer.getmany, telemetry))
    patches.set(consumer, "start", lag.starting(consumer.start, telemetry.lags))
    patches.set(consumer, "stop", _stop(consumer.stop))
    patches.set(producer, "send", _send(producer.send, telemetry))
    patches.set(producer, "send_and_wait", _send_and_wait(producer.send_and_wait, telemetry))
    return patches.undo


def is_done(task: Any) -> bool:
    """Whether a task will not ask for more."""
    return task is None or task.done()


def describe(consumer: Any) -> tuple[Any, Any]:
    """Return the group and the client id of a consumer."""
    return aiokafka_group_id(consumer), aiokafka_client_id(consumer)


def _getone(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def getone(self: Any, *partitions: Any) -> Any:
        task = current_task()
        handed = asked(self, task, is_done, describe)
        record = await original(self, *partitions)
        handed.give(telemetry, task, record)
        return record

    return getone


def _getmany(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def getmany(self: Any, *partitions: Any, **options: Any) -> Any:
        task = current_task()
        handed = asked(self, task, is_done, describe)
        batches = await original(self, *partitions, **options)
        if batches:
            handed.give_batch(telemetry, task, batches)
        return batches

    return getmany


def _stop(original: Method) -> Method:
    @functools.wraps(original)
    async def stop(self: Any) -> Any:
        stopped(self, lag.stop)
        return await original(self)

    return stop


def _send(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def send(  # noqa: PLR0913, PLR0917 - aiokafka's own signature
        self: Any,
        topic: Any,
        value: Any = None,
        key: Any = None,
        partition: Any = None,
        timestamp_ms: Any = None,
        headers: Any = None,
    ) -> Any:
        if type(headers) is _Carried:
            return await original(self, topic, value, key, partition, timestamp_ms, list(headers))
        sending, value, headers = _begin(telemetry, self, topic, value, headers)
        if sending is None:
            return await original(self, topic, value, key, partition, timestamp_ms, headers)
        with sending:
            future = await original(self, topic, value, key, partition, timestamp_ms, headers)
            sending.more = partition_of(partition)
            return future

    return send


def _send_and_wait(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def send_and_wait(  # noqa: PLR0913, PLR0917 - aiokafka's own signature
        self: Any,
        topic: Any,
        value: Any = None,
        key: Any = None,
        partition: Any = None,
        timestamp_ms: Any = None,
        headers: Any = None,
    ) -> Any:
        sending, value, headers = _begin(telemetry, self, topic, value, headers)
        if sending is None:
            return await original(self, topic, value, key, partition, timestamp_ms, headers)
        with sending:
            sent = await original(self, topic, value, key, partition, timestamp_ms, _Carried(headers))
            sending.more = acknowledged(sent)
            return sent

    return send_and_wait


def _begin(
    telemetry: Telemetry, producer: Any, topic: Any, value: Any, headers: Any
) -> tuple[Sending | None, Any, Any]:
    """Start observing a message; return its value and headers, too: the application's own where they are no list."""
    if headers is not None and type(headers) is not list:
        return None, value, headers  # aiokafka says so
    sending = begin(telemetry, topic, aiokafka_client_id(producer), headers or ())
    if sending is None:
        return None, value, headers
    if telemetry.envelope and serialises(producer):
        value = wrapped(telemetry, value, sending)
    return sending, value, merged(headers or [], sending.fields)
