# SPDX-License-Identifier: Apache-2.0
"""Private names of Kafka's clients (see `otel_distro.upstream`)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def aiokafka_group_id(consumer: Any) -> Any:
    """Return the group of an aiokafka consumer, None if it has none or does not say."""
    return getattr(consumer, "_group_id", None)


def aiokafka_client_id(client: Any) -> Any:
    """Return the client id of an aiokafka consumer or producer."""
    return getattr(getattr(client, "_client", None) or getattr(client, "client", None), "_client_id", None)


def aiokafka_reset(consumer: Any) -> str:
    """Return where an aiokafka consumer begins without a commit: earliest, latest or none."""
    return str(getattr(consumer, "_auto_offset_reset", "none"))


def aiokafka_topic_partition(topic: str, partition: int) -> Any:
    """Return a partition as aiokafka names it."""
    from aiokafka import TopicPartition  # type: ignore[import-untyped,unused-ignore]

    return TopicPartition(topic, partition)


async def aiokafka_cluster(consumer: Any) -> Any:
    """Ask the broker which topics and partitions there are; unlike a question about one topic it creates none."""
    return await consumer._client.fetch_all_metadata()


async def aiokafka_committed(consumer: Any, partitions: list[Any]) -> dict[Any, int]:
    """Return what a consumer's group has committed, by partition: in one question, whoever the partitions belong to."""
    found = await consumer._coordinator.fetch_committed_offsets(partitions)
    return {partition: commit.offset for partition, commit in found.items() if commit.offset >= 0}


def serialises(producer: Any) -> bool:
    """Whether an aiokafka producer turns values into bytes itself."""
    return getattr(producer, "_value_serializer", None) is not None


def kafka_python_setting(client: Any, name: str) -> Any:
    """Return a setting of a consumer or producer of kafka-python, None if it has none."""
    return (getattr(client, "config", None) or {}).get(name)


def faststream_subscriber(broker: str) -> Any:
    """Return the class of FastStream that all subscribers of a broker are of, None if there is none."""
    module = sys.modules.get(f"faststream.{broker}.subscriber.usecase")
    return getattr(module, "LogicSubscriber", None)


def inner_consumer(consumer: Any) -> Any:
    """Return the consumer that confluent-kafka's AIOConsumer asks in a thread of its pool."""
    return getattr(consumer, "_consumer", None)


def kafka_python_isolation(*, committed: bool) -> Any:
    """Return kafka-python's constant for what a reader sees of transactions."""
    from kafka.protocol.consumer.offsets import IsolationLevel

    return IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED


def already_instrumented(kind: Any) -> Callable[[], None]:
    """Have a contrib instrumentor say that its library is instrumented, as under upstream's launcher; return the undo."""
    instance = kind()
    if instance.is_instrumented_by_opentelemetry:  # by hand, before us
        instance.uninstrument()
    instance._is_instrumented_by_opentelemetry = True

    def undo() -> None:
        instance._is_instrumented_by_opentelemetry = False

    return undo
