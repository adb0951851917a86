import asyncio
import time

from arq import create_pool
from tasks import settings


async def main():
    pool = await create_pool(settings)
    for number in range(1, 4):
        await pool.enqueue_job("work", number)


time.sleep(1)
asyncio.run(main())
