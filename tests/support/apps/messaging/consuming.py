"""Consumes so many messages and logs each: `consuming.py ADDRESS TOPIC GROUP COUNT`."""

import asyncio
import json
import logging
import sys

from aiokafka import AIOKafkaConsumer

logger = logging.getLogger("worker")


async def deeper(text: str) -> None:
    logger.info("in a task", extra={"text": text})


async def main(address: str, topic: str, group: str, count: str) -> None:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id=group,
        auto_offset_reset="earliest",
        value_deserializer=json.loads,
    )
    await consumer.start()
    left = int(count)
    try:
        async for message in consumer:
            logger.info("handled", extra={"text": message.value["text"]})
            await asyncio.create_task(deeper(message.value["text"]))
            left -= 1
            if not left:
                break
    finally:
        await consumer.stop()
    logger.info("stopped")


asyncio.run(main(*sys.argv[1:]))
