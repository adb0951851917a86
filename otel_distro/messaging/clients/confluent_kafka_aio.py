# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka's asyncio clients: a thread of a pool asks, and what it gets is processed in the task that waits.

`AIOProducer` refuses headers (2.16.1), so its messages say where they come from by their envelope alone.
"""

from __future__ import annotations

import functools
import sys
from asyncio import current_task
from collections.abc import Awaitable, Callable
from typing import Any

from otel_distro.ground.patch import Patches
from otel_distro.messaging.clients.aiokafka import is_done
from otel_distro.messaging.clients.confluent_kafka import give, give_batch
from otel_distro.messaging.handed import asked, handed_by, stopped
from otel_distro.messaging.sending import begin, partition_of
from otel_distro.messaging.telemetry import Telemetry
from otel_distro.upstream.messaging import inner_consumer

Method = Callable[..., Awaitable[Any]]


def install(telemetry: Telemetry) -> Callable[[], None]:
    """Observe the clients; return the undo."""
    library: Any = sys.modules["confluent_kafka.aio"]
    consumer, producer, patches = library.AIOConsumer, library.AIOProducer, Patches()
    patches.set(consumer, "poll", _poll(consumer.poll, telemetry))
    patches.set(consumer, "consume", _consume(consumer.consume, telemetry))
    patches.set(consumer, "close", _close(consumer.close))
    patches.set(producer, "produce", _produce(producer.produce, telemetry))
    return patches.undo


def describe(consumer: Any) -> tuple[Any, Any]:
    """Return the group and the client id of a consumer, whose inner one hands out nothing itself."""
    inner = handed_by(inner_consumer(consumer))
    inner.elsewhere = True
    return inner.group, inner.client


def _poll(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def poll(self: Any, *arguments: Any, **options: Any) -> Any:
        handed = asked(self, current_task(), is_done, describe)
        message = await original(self, *arguments, **options)
        if message is not None:
            give(telemetry, handed, current_task(), message)
        return message

    return poll


def _consume(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def consume(self: Any, *arguments: Any, **options: Any) -> Any:
        handed = asked(self, current_task(), is_done, describe)
        messages = await original(self, *arguments, **options)
        if messages:
            give_batch(telemetry, handed, current_task(), messages)
        return messages

    return consume


def _close(original: Method) -> Method:
    @functools.wraps(original)
    async def close(self: Any, *arguments: Any, **options: Any) -> Any:
        stopped(self)
        return await original(self, *arguments, **options)

    return close


def _produce(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def produce(self: Any, topic: Any, *arguments: Any, **options: Any) -> Any:
        sending = begin(telemetry, topic, None, ())
        if sending is None:
            return await original(self, topic, *arguments, **options)
        with sending:
            future = await original(self, topic, *arguments, **options)
            sending.more = partition_of(options.get("partition"))
            return future

    return produce
