# SPDX-License-Identifier: Apache-2.0
"""Takes and commits three messages at each SIGUSR1: `lagging.py ADDRESS TOPIC GROUP RESET ISOLATION`; SIGTERM stops it."""

import asyncio
import signal
import sys

from aiokafka import AIOKafkaConsumer


async def main(address: str, topic: str, group: str, reset: str, isolation: str) -> None:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id=group,
        auto_offset_reset=reset,
        isolation_level=isolation,
        enable_auto_commit=False,
    )
    await consumer.start()
    orders: asyncio.Queue[bool] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, orders.put_nowait, True)
    loop.add_signal_handler(signal.SIGTERM, orders.put_nowait, False)
    print("started", flush=True)
    while await orders.get():
        for _ in range(3):
            await consumer.getone()
        await consumer.commit()
        print("committed", flush=True)
    await consumer.stop()
    print("pending", len(asyncio.all_tasks()) - 1, flush=True)


asyncio.run(main(*sys.argv[1:]))
