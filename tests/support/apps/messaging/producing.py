"""Sends messages, as an application does that knows nothing of telemetry: `producing.py ADDRESS TOPIC TEXT…`."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaProducer


async def main(address: str, topic: str, *texts: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, value_serializer=lambda value: json.dumps(value).encode())
    await producer.start()
    try:
        for text in texts:
            await producer.send_and_wait(topic, {"text": text}, key=text.encode())
    finally:
        await producer.stop()


asyncio.run(main(*sys.argv[1:]))
