# SPDX-License-Identifier: Apache-2.0
"""Sends and takes messages and tells its memory: `messages_application.py ADDRESS TOPIC MESSAGES`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

ADDRESS, TOPIC, MESSAGES = sys.argv[1], sys.argv[2], int(sys.argv[3])


def resident_mib() -> float:
    """Return this process's resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * 4096 / 2**20, 1)


async def produce() -> None:
    """Send all messages, no faster than the broker takes them."""
    async with AIOKafkaProducer(bootstrap_servers=ADDRESS, linger_ms=5) as producer:
        for number in range(MESSAGES):
            future = await producer.send(TOPIC, b"%d" % number)
            if number % 500 == 0:
                await future


async def main() -> None:
    """Send and take."""
    sending = asyncio.create_task(produce())
    options = {"group_id": "soak", "auto_offset_reset": "earliest"}
    taken = 0
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=ADDRESS, **options) as consumer:
        async for _ in consumer:
            taken += 1
            if taken % (MESSAGES // 10) == 0:
                print(json.dumps({"taken": taken, "resident_mib": resident_mib()}), flush=True)
            if taken == MESSAGES:
                break
    await sending


asyncio.run(main())
