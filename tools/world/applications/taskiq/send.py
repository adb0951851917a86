import asyncio
import time

from tasks import broker, work


async def main():
    await broker.startup()
    for number in range(1, 4):
        await work.kiq(number)
    await broker.shutdown()


time.sleep(1)
asyncio.run(main())
