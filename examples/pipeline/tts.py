"""Text to speech: the third worker."""

import asyncio

import structlog
from common import new_event, work

logger = structlog.get_logger()


async def speak(payload, producer) -> None:
    await asyncio.sleep(0.02)
    logger.info("spoken", room=payload["room"], language=payload["language"])
    await producer.send_and_wait("audio.translated", new_event("audio", payload))


asyncio.run(work("text.translated", "tts", speak))
