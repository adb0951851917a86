"""Speech to text: the first worker."""

import asyncio

import structlog
from common import new_event, work

logger = structlog.get_logger()


heard: set[str] = set()


async def transcribe(payload, producer) -> None:
    await asyncio.sleep(0.02)
    if payload["audio"].startswith("noise"):
        raise ValueError("nothing but noise")
    if payload["audio"].startswith("mumbled") and payload["audio"] not in heard:
        heard.add(payload["audio"])
        raise TimeoutError("the model has not answered")
    logger.info("transcribed", room=payload["room"])
    await producer.send_and_wait("text.original", new_event("text", {**payload, "text": payload["audio"]}))


asyncio.run(work("audio.raw", "stt", transcribe))
