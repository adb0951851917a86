"""Speech to text: the first worker."""

import asyncio

import structlog
from common import new_event, work

logger = structlog.get_logger()


async def transcribe(payload, producer) -> None:
    await asyncio.sleep(0.02)
    if payload["audio"] == "noise":
        raise ValueError("nothing but noise")
    logger.info("transcribed", room=payload["room"])
    await producer.send_and_wait("text.original", new_event("text", {**payload, "text": payload["audio"]}))


asyncio.run(work("audio.raw", "stt", transcribe))
