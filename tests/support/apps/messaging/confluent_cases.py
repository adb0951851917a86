"""What people do with confluent-kafka, one case after another: `confluent_cases.py ADDRESS TOPIC…`."""

import asyncio
import json
import logging
import sys

import confluent_kafka
from confluent_kafka import Consumer, DeserializingConsumer, Producer, SerializingProducer
from confluent_kafka.aio import AIOConsumer, AIOProducer
from opentelemetry import trace

from otel_distro import messaging

logger = logging.getLogger("worker")
tracer = trace.get_tracer("application")
ADDRESS, *TOPICS = sys.argv[1:]


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


def consuming(topic: str, group: str = "workers", **more) -> dict:
    return {"bootstrap.servers": ADDRESS, "group.id": f"{group}-{topic}", "auto.offset.reset": "earliest", **more}


def send_in_traces(topic: str, count: int, **options) -> list[str]:
    traces, producer = [], Producer({"bootstrap.servers": ADDRESS})
    for number in range(count):
        with tracer.start_as_current_span("request"):
            traces.append(current())
            producer.produce(topic, b"%d" % number, **options)
    producer.flush(30)
    return traces


def next_of(consumer, timeout: float = 1.0):
    while True:
        message = consumer.poll(timeout)
        if message is not None and message.error() is None:
            return message


def polled(topic: str) -> dict:
    """Issue 1674 of contrib: spans of the handler are orphans although the headers are right."""
    sent, seen, work, parts = send_in_traces(topic, 2), [], [], []
    with Consumer(consuming(topic)) as consumer:
        consumer.subscribe([topic])
        for _ in range(2):
            message = next_of(consumer)
            parts.append([message.topic() == topic, message.offset(), message.value().decode()])
            seen.append(current())
            with tracer.start_as_current_span("work"):
                work.append(current())
            logger.info("polled")
        kinds = [isinstance(consumer, Consumer), isinstance(consumer, confluent_kafka.cimpl.Consumer)]
    return {"sent": sent, "seen": seen, "work": work, "parts": parts, "kinds": kinds, "after": current()}


def consumed(topic: str) -> dict:
    sent, whole, count = send_in_traces(topic, 3), [], 0
    consumer = Consumer(consuming(topic))
    consumer.subscribe([topic])
    while count < 3:
        some = consumer.consume(10, 0.5)
        if some:
            whole.append(current())
        count += len(some)
    consumer.close()
    return {"sent": sent, "whole": whole, "after": current()}


def serialized(topic: str) -> dict:
    producer = SerializingProducer(
        {"bootstrap.servers": ADDRESS, "value.serializer": lambda value, _: json.dumps(value).encode()}
    )
    with tracer.start_as_current_span("request"):
        sent = current()
        producer.produce(topic, "key", {"text": "one"}, headers={"kind": b"audio"})
    producer.flush(30)
    consumer = DeserializingConsumer(consuming(topic, **{"value.deserializer": lambda value, _: json.loads(value)}))
    consumer.subscribe([topic])
    message = next_of(consumer)
    seen, names = current(), sorted(name for name, _ in message.headers())
    logger.info("deserialized")
    consumer.close()
    return {"sent": sent, "seen": seen, "names": names, "value": message.value(), "after": current()}


def forwarded(topic: str) -> dict:
    send_in_traces(topic, 1, headers=[("kind", b"audio")])
    producer = Producer({"bootstrap.servers": ADDRESS})
    with Consumer(consuming(topic)) as consumer:
        consumer.subscribe([topic])
        message = next_of(consumer)
        trace_id = current()
        producer.produce(topic, b"again", None, -1, None, None, 0, message.headers())
        producer.flush(30)
        again = [name for name, _ in next_of(consumer).headers()]
    return {"trace": trace_id, "again": sorted(again)}


def refused(topic: str) -> dict:
    told = []
    for kind in (Producer, confluent_kafka.cimpl.Producer):
        producer = kind({"bootstrap.servers": ADDRESS})
        for arguments, options in (
            ((topic, object()), {}),
            ((topic, b"x"), {"headers": 5}),
            ((topic, b"x"), {"headers": [("a",)]}),
            ((topic, b"x"), {"nonsense": 5}),
            ((5, b"x"), {}),
        ):
            try:
                producer.produce(*arguments, **options)
            except Exception as error:
                told.append([type(error).__name__, str(error)])
            else:
                told.append(None)
        producer.flush(10)
    return {"ours": told[:5], "bare": told[5:]}


async def asynchronous(topic: str) -> dict:
    """A thread of a pool asks, the coroutine processes; the producer refuses headers, so the envelope carries the trace."""
    producer = AIOProducer({"bootstrap.servers": ADDRESS})
    with tracer.start_as_current_span("request"):
        sent = current()
        future = await producer.produce(topic, json.dumps(messaging.inject({"text": "one"})).encode())
    await producer.flush()
    await future
    await producer.close()
    sent_by_thread = send_in_traces(topic, 2)
    consumer = AIOConsumer(consuming(topic))
    await consumer.subscribe([topic])
    seen, by_hand = [], []
    while len(seen) < 3:
        message = await consumer.poll(1.0)
        if message is None:
            continue
        seen.append(current())
        if not message.headers():
            with messaging.process(json.loads(message.value())):
                by_hand.append(current())
        logger.info("asynchronous")
    await consumer.close()
    return {"sent": sent, "threads": sent_by_thread, "seen": seen, "by_hand": by_hand, "after": current()}


CASES = (polled, consumed, serialized, forwarded, refused, asynchronous)

for case, topic in zip(CASES, TOPICS, strict=True):
    result = case(topic)
    result = asyncio.run(result) if asyncio.iscoroutine(result) else result
    print(json.dumps({"case": case.__name__, **result}), flush=True)
