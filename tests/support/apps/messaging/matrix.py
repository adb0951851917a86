"""One client of Kafka does what the table of docs/pipelines.md is about: `matrix.py ADDRESS CLIENT TOPIC BATCH`.

A message is sent and taken, three more are taken at once, one is too large to be sent; then /metrics is read.
"""

import asyncio
import json
import logging
import os
import sys
import urllib.request
from contextlib import suppress

from opentelemetry import trace

logger = logging.getLogger("worker")
tracer = trace.get_tracer("application")
ADDRESS, CLIENT, TOPIC, BATCH = sys.argv[1:]
ECHO = f"echo.{TOPIC}"
TOO_LARGE = "x" * 3_000_000
IN_BATCH = 3


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


def to_json(value, *_) -> bytes:
    return json.dumps(value).encode()


def from_json(value, *_):
    return json.loads(value)


def consuming(topic: str, **more) -> dict:
    return {"bootstrap.servers": ADDRESS, "group.id": f"of-{topic}", "auto.offset.reset": "earliest", **more}


class AioKafka:
    """aiokafka."""

    async def start(self) -> None:
        from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

        options = {"auto_offset_reset": "earliest", "bootstrap_servers": ADDRESS, "value_deserializer": from_json}
        self.producer = AIOKafkaProducer(bootstrap_servers=ADDRESS, value_serializer=to_json)
        self.consumers = {topic: AIOKafkaConsumer(topic, group_id=f"of-{topic}", **options) for topic in (TOPIC, BATCH)}
        for each in (self.producer, *self.consumers.values()):
            await each.start()

    async def send(self, topic: str, value: dict) -> None:
        await self.producer.send_and_wait(topic, value)

    async def take(self, handle) -> None:
        record = await self.consumers[TOPIC].getone()
        handle([name for name, _ in record.headers], record.value)

    async def take_some(self) -> int:
        found = await self.consumers[BATCH].getmany(timeout_ms=500)
        return sum(map(len, found.values()))

    async def stop(self) -> None:
        for each in (self.producer, *self.consumers.values()):
            await each.stop()


class Confluent:
    """confluent-kafka's plain clients: bytes in and out."""

    async def start(self) -> None:
        from confluent_kafka import Consumer, Producer

        self.producer = Producer({"bootstrap.servers": ADDRESS})
        self.consumers = {topic: Consumer(consuming(topic)) for topic in (TOPIC, BATCH)}
        self.subscribe()

    def subscribe(self) -> None:
        for topic, consumer in self.consumers.items():
            consumer.subscribe([topic])

    async def send(self, topic: str, value: dict) -> None:
        self.producer.produce(topic, to_json(value))
        self.producer.flush(30)

    async def take(self, handle) -> None:
        while (message := self.consumers[TOPIC].poll(1)) is None or message.error() is not None:
            pass
        handle([name for name, _ in message.headers() or ()], json.loads(message.value()))

    async def take_some(self) -> int:
        return len(self.consumers[BATCH].consume(10, 0.5))

    async def stop(self) -> None:
        for consumer in self.consumers.values():
            consumer.close()


class Serializing(Confluent):
    """confluent-kafka's clients that make the bytes."""

    async def start(self) -> None:
        from confluent_kafka import Consumer, DeserializingConsumer, SerializingProducer

        self.producer = SerializingProducer({"bootstrap.servers": ADDRESS, "value.serializer": to_json})
        taking = DeserializingConsumer(consuming(TOPIC, **{"value.deserializer": from_json}))
        self.consumers = {TOPIC: taking, BATCH: Consumer(consuming(BATCH))}  # the other has no `consume`
        self.subscribe()

    async def send(self, topic: str, value: dict) -> None:
        self.producer.produce(topic, None, value)
        self.producer.flush(30)

    async def take(self, handle) -> None:
        while (message := self.consumers[TOPIC].poll(1)) is None or message.error() is not None:
            pass
        handle([name for name, _ in message.headers() or ()], message.value())


class Asynchronous:
    """confluent-kafka's asyncio clients; the producer refuses headers, so that what is taken was sent by another."""

    async def start(self) -> None:
        from confluent_kafka import Producer
        from confluent_kafka.aio import AIOConsumer, AIOProducer

        self.other = Producer({"bootstrap.servers": ADDRESS})
        self.producer = AIOProducer({"bootstrap.servers": ADDRESS})
        self.consumers = {topic: AIOConsumer(consuming(topic)) for topic in (TOPIC, BATCH)}
        for topic, consumer in self.consumers.items():
            await consumer.subscribe([topic])
        self.own = await self._own()

    async def send(self, topic: str, value: dict) -> None:
        if value["text"] == TOO_LARGE:
            await self.producer.produce(topic, value=to_json(value))
        self.other.produce(topic, to_json(value))
        self.other.flush(30)

    async def take(self, handle) -> None:
        while (message := await self.consumers[TOPIC].poll(1)) is None or message.error() is not None:
            pass
        handle(self.own, json.loads(message.value()))

    async def _own(self) -> list[str]:
        """Return the headers that its own producer sends."""
        from confluent_kafka import Consumer

        delivered = await self.producer.produce(ECHO, value=b"one")
        await self.producer.flush()
        await delivered
        with Consumer(consuming(ECHO)) as consumer:
            consumer.subscribe([ECHO])
            while (message := consumer.poll(1)) is None or message.error() is not None:
                pass
            return [name for name, _ in message.headers() or ()]

    async def take_some(self) -> int:
        return len(await self.consumers[BATCH].consume(10, 0.5))

    async def stop(self) -> None:
        await self.producer.close()
        for consumer in self.consumers.values():
            await consumer.close()


class KafkaPython:
    """kafka-python."""

    async def start(self) -> None:
        from kafka import KafkaConsumer, KafkaProducer

        options = {"auto_offset_reset": "earliest", "bootstrap_servers": ADDRESS, "value_deserializer": from_json}
        self.producer = KafkaProducer(bootstrap_servers=ADDRESS, value_serializer=to_json)
        self.consumers = {topic: KafkaConsumer(topic, group_id=f"of-{topic}", **options) for topic in (TOPIC, BATCH)}

    async def send(self, topic: str, value: dict) -> None:
        self.producer.send(topic, value).get(30)

    async def take(self, handle) -> None:
        record = next(self.consumers[TOPIC])
        handle([name for name, _ in record.headers], record.value)

    async def take_some(self) -> int:
        return sum(map(len, self.consumers[BATCH].poll(timeout_ms=500).values()))

    async def stop(self) -> None:
        for each in (self.producer, *self.consumers.values()):
            each.close()


class FastStreamOnAioKafka:
    """FastStream: handlers are called."""

    async def start(self) -> None:
        from faststream.kafka import KafkaBroker, KafkaMessage

        self.broker = KafkaBroker(ADDRESS)
        self.handle, self.taken, self.some = None, asyncio.Event(), asyncio.Queue()

        async def single(value: dict, message: KafkaMessage) -> None:
            self.handle(list(message.headers), value)
            self.taken.set()

        async def several(values: list[dict]) -> None:
            self.some.put_nowait(len(values))

        self.broker.subscriber(TOPIC, group_id=f"of-{TOPIC}", auto_offset_reset="earliest")(single)
        self.broker.subscriber(BATCH, group_id=f"of-{BATCH}", auto_offset_reset="earliest", batch=True)(several)
        await self.broker.connect()

    async def send(self, topic: str, value: dict) -> None:
        await self.broker.publish(value, topic)

    async def take(self, handle) -> None:
        self.handle = handle
        await self.broker.start()
        await self.taken.wait()

    async def take_some(self) -> int:
        return await self.some.get()

    async def stop(self) -> None:
        await self.broker.stop()


CLIENTS = {
    "aiokafka": AioKafka,
    "confluent-kafka": Confluent,
    "serializing": Serializing,
    "asyncio": Asynchronous,
    "kafka-python": KafkaPython,
    "FastStream": FastStreamOnAioKafka,
}


async def sent_in_a_trace(client, topic: str, value: dict) -> str:
    with tracer.start_as_current_span("request"):
        await client.send(topic, value)
        return current()


def page() -> str:
    address = f"http://127.0.0.1:{os.environ['OTEL_EXPORTER_PROMETHEUS_PORT']}/metrics"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


async def page_with_lag() -> str:
    """Return /metrics once a lag is there, or after some seconds without one."""
    for _ in range(100):
        text = await asyncio.to_thread(page)
        if f'kafka_consumer_lag{{consumer_group="of-{TOPIC}"' in text:
            return text
        await asyncio.sleep(0.1)
    return text


async def main() -> None:
    client, told = CLIENTS[CLIENT](), {}
    await client.start()

    def handle(headers: list[str], value: dict) -> None:
        told.update(headers=sorted(headers), value=value, seen=current())
        logger.info("handled")

    told["sent"] = await sent_in_a_trace(client, TOPIC, {"text": "one"})
    told["batch"] = [await sent_in_a_trace(client, BATCH, {"text": str(number)}) for number in range(IN_BATCH)]
    await client.take(handle)
    count = 0
    while count < IN_BATCH:
        count += await client.take_some()
    with suppress(Exception):
        await sent_in_a_trace(client, TOPIC, {"text": TOO_LARGE})
    told["page"] = await page_with_lag()
    await client.stop()  # which ends the processing of what was taken last
    told["page"] += await asyncio.to_thread(page)
    print(json.dumps({"case": CLIENT, **told}), flush=True)


asyncio.run(asyncio.wait_for(main(), 120))
