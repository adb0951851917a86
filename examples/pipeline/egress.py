"""The end of the pipeline: what was translated goes to the room, by Redis."""

import asyncio

import redis.asyncio
import structlog
from common import REDIS_URL, work

logger = structlog.get_logger()


async def main() -> None:
    client = redis.asyncio.from_url(REDIS_URL)

    async def deliver(payload, _producer) -> None:
        await client.rpush(f"room:{payload['room']}", payload["text"])
        logger.info("delivered", room=payload["room"], language=payload["language"])

    await work("audio.translated", "egress", deliver)


asyncio.run(main())
