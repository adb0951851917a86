# SPDX-License-Identifier: Apache-2.0
"""One process of the benchmark of messages: `messages_client.py WORK VARIANT ADDRESS`, which works when it is told to.

A line with a number on its standard input is a round of so many messages; it answers with the CPU microseconds per message
of the thread that the application's code runs in, and of the whole process until everything has been exported. Where there
is no broker the classes are the client's own, fed with what a broker would have sent: each variant does the same work.
"""

# ruff: noqa: SLF001 - the clients are fed where they keep what their network would bring

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from time import process_time, thread_time
from typing import Any

TOPIC, GROUP = "audio.raw", "bench"
VALUE = json.dumps({"event_id": "4b1c", "event_type": "chunk", "payload": "x" * 120}).encode()
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = [
    ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode()),
    ("x-correlation-id", TRACE.encode()),
    ("x-request-id", TRACE.encode()),
    ("x-pipeline-start", b"1796100000.000"),
]
A_FETCH = 500

Round = Callable[[int], Awaitable[None]]


def instrument(variant: str) -> None:
    """Set up what a variant needs beside the launcher: upstream's SDK as its documentation says, and its instrumentor."""
    if variant not in {"contrib", "faststream's"}:
        return
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))
    if variant == "contrib":
        from opentelemetry.instrumentation.aiokafka import AIOKafkaInstrumentor  # type: ignore[import-not-found]
        from opentelemetry.instrumentation.confluent_kafka import (  # type: ignore[import-not-found]
            ConfluentKafkaInstrumentor,
        )

        AIOKafkaInstrumentor().instrument()
        ConfluentKafkaInstrumentor().instrument()


def flush() -> None:
    """Wait until all spans are exported."""
    from opentelemetry.trace import get_tracer_provider

    getattr(get_tracer_provider(), "force_flush", bool)()


def fetched() -> bytes:
    """Return what a broker sends: a batch of records."""
    from aiokafka.record.default_records import DefaultRecordBatchBuilder

    options = {"is_transactional": 0, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1}
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=0, batch_size=1 << 24, **options)
    for offset in range(A_FETCH):
        builder.append(offset, timestamp=None, key=None, value=VALUE, headers=HEADERS)
    return bytes(builder.build())


async def consumer_of_prepared() -> tuple[Any, Callable[[], None]]:
    """Return a consumer of aiokafka without a broker, and what gives its fetcher a batch of records."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
    from aiokafka.consumer.group_coordinator import NoGroupCoordinator
    from aiokafka.record.memory_records import MemoryRecords

    consumer, partition, batch = AIOKafkaConsumer(group_id=GROUP), TopicPartition(TOPIC, 0), fetched()
    consumer.assign([partition])
    consumer._coordinator = NoGroupCoordinator(consumer._client, consumer._subscription)
    consumer._fetcher = fetcher = Fetcher(consumer._client, consumer._subscription)
    fetcher._fetch_task.cancel()
    assignment = consumer._subscription.subscription.assignment

    def feed() -> None:
        assignment.state_value(partition).seek(0)
        records = PartitionRecords(partition, MemoryRecords(batch), [], 0, None, None, True, 0)
        fetcher._records[partition] = FetchResult(
            partition, assignment=assignment, partition_records=records, backoff=0
        )

    return consumer, feed


async def getone() -> Round:
    """`await consumer.getone()` over prepared records."""
    consumer, feed = await consumer_of_prepared()

    async def take(count: int) -> None:
        for _ in range(count // A_FETCH):
            feed()
            for _ in range(A_FETCH):
                await consumer.getone()

    return take


async def iterate() -> Round:
    """`async for` over prepared records."""
    consumer, feed = await consumer_of_prepared()

    async def take(count: int) -> None:
        feed()
        taken = 0
        async for _ in consumer:
            taken += 1
            if taken == count:
                break
            if taken % A_FETCH == 0:
                feed()

    return take


async def send() -> Round:
    """`await producer.send()` in a current span, into an accumulator that nobody drains."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.structs import PartitionMetadata

    producer = AIOKafkaProducer(client_id="bench")
    producer._metadata._partitions[TOPIC] = {0: PartitionMetadata(TOPIC, 0, 1, [1], [1], None)}
    batches = producer._message_accumulator._batches

    async def sends(count: int) -> None:
        from opentelemetry.trace import get_tracer

        with get_tracer("bench").start_as_current_span("work"):
            for number in range(count):
                await producer.send(TOPIC, VALUE)
                if number % 20 == 19:
                    batches.clear()

    return sends


async def faststream() -> Round:
    """A subscriber of FastStream, over records as its client hands them out."""
    from aiokafka.structs import ConsumerRecord
    from faststream.kafka import KafkaBroker, TestKafkaBroker

    middlewares: list[Any] = []
    if VARIANT == "faststream's":
        from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware

        middlewares.append(KafkaTelemetryMiddleware())
    broker = KafkaBroker(middlewares=middlewares, logger=None)

    @broker.subscriber(TOPIC, group_id=GROUP)
    async def handle(message: dict[str, str]) -> None: ...

    await TestKafkaBroker(broker).__aenter__()
    (subscriber,) = broker.subscribers
    records = [ConsumerRecord(TOPIC, 0, n, 0, 0, None, VALUE, None, -1, len(VALUE), HEADERS) for n in range(A_FETCH)]

    async def take(count: int) -> None:
        for number in range(count):
            await subscriber.process_message(records[number % A_FETCH])

    return take


async def kafka_iterate() -> Round:
    """`async for` over a broker's messages, from the first one."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer, partition = AIOKafkaConsumer(bootstrap_servers=ADDRESS, group_id=GROUP), TopicPartition(TOPIC, 0)
    consumer.assign([partition])
    await consumer.start()

    async def take(count: int) -> None:
        consumer.seek(partition, 0)
        taken = 0
        async for _ in consumer:
            taken += 1
            if taken == count:
                break

    return take


async def kafka_send() -> Round:
    """`await producer.send()` to a broker, which is waited for at the end of a round."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=ADDRESS, client_id="bench", linger_ms=5)
    await producer.start()

    async def sends(count: int) -> None:
        from opentelemetry.trace import get_tracer

        with get_tracer("bench").start_as_current_span("work"):
            for _ in range(count):
                await producer.send("sent", VALUE)
            await producer.flush()

    return sends


async def confluent_poll() -> Round:
    """confluent-kafka's `poll`, over a broker's messages from the first one."""
    import confluent_kafka

    consumer = confluent_kafka.Consumer({"bootstrap.servers": ADDRESS, "group.id": GROUP, "enable.auto.commit": False})

    async def take(count: int) -> None:
        consumer.assign([confluent_kafka.TopicPartition(TOPIC, 0, 0)])
        taken = 0
        while taken < count:
            message = consumer.poll(1.0)
            taken += message is not None and message.error() is None

    return take


async def confluent_produce() -> Round:
    """confluent-kafka's `produce` to a broker, which is waited for at the end of a round."""
    import confluent_kafka

    producer = confluent_kafka.Producer({"bootstrap.servers": ADDRESS, "linger.ms": 5})

    async def sends(count: int) -> None:
        from opentelemetry.trace import get_tracer

        with get_tracer("bench").start_as_current_span("work"):
            for _ in range(count):
                producer.produce("sent", VALUE)
            producer.flush(10)

    return sends


WORKS: dict[str, Callable[[], Awaitable[Round]]] = {
    "getone": getone,
    "async-for": iterate,
    "send": send,
    "faststream": faststream,
    "confluent-poll": confluent_poll,
    "confluent-produce": confluent_produce,
    "kafka-async-for": kafka_iterate,
    "kafka-send": kafka_send,
}


async def main() -> None:
    """Work in rounds until the input ends."""
    instrument(VARIANT)
    one_round = await WORKS[WORK]()
    print("ready", file=ANSWERS, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        count = int(line)
        thread, process = thread_time(), process_time()
        await one_round(count)
        thread = thread_time() - thread
        flush()
        found = {"thread": thread / count * 1e6, "process": (process_time() - process) / count * 1e6}
        print(json.dumps(found), file=ANSWERS, flush=True)
    os._exit(0)  # nothing of it is measured: clients without a broker could not be stopped


if __name__ == "__main__":
    WORK, VARIANT, ADDRESS = sys.argv[1:4]
    ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the application's lines go where warnings go
    asyncio.run(main())
