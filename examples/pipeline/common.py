"""What the workers share: where things are, and the loop that takes one event, makes the next and sends it on."""

import json
import os
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

logger = structlog.get_logger()
KAFKA = os.environ.get("KAFKA", "localhost:9092")
DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://localhost/pipeline")
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

IN_PASSING, TRIES = (TimeoutError, ConnectionError), 3

Event = dict[str, Any]


def new_event(kind: str, payload: Event) -> Event:
    return {"event_id": str(uuid.uuid4()), "event_type": kind, "payload": payload}


def producing() -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=KAFKA, value_serializer=lambda value: json.dumps(value).encode())


async def work(topic: str, group: str, step: Callable[[Event, AIOKafkaProducer], Awaitable[None]]) -> None:
    """Process one topic for ever; what fails in passing is tried again, what cannot be processed goes to the dead letters."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=KAFKA,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        value_deserializer=json.loads,
    )
    async with consumer, producing() as producer:
        async for message in consumer:
            try:
                await step(message.value["payload"], producer)
            except Exception as error:
                logger.exception("event failed", topic=topic)
                tries = int(dict(message.headers).get("tries", b"1"))
                place = topic if isinstance(error, IN_PASSING) and tries < TRIES else "dead.letters"
                headers = [(name, value) for name, value in message.headers if name != "tries"]
                await producer.send_and_wait(place, message.value, headers=[*headers, ("tries", b"%d" % (tries + 1))])
            await consumer.commit()
