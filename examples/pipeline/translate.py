"""Translation: one message in, one message for each language out; keeps what it has translated in PostgreSQL."""

import asyncio

import asyncpg
import structlog
from common import DATABASE_URL, new_event, work

logger = structlog.get_logger()
LANGUAGES = ("de", "fr")


async def main() -> None:
    async with asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=2) as pool:
        await pool.execute("CREATE TABLE IF NOT EXISTS translations (room text, language text, text text)")

        async def translate(payload, producer) -> None:
            for language in LANGUAGES:
                text = f"{payload['text']} ({language})"
                await pool.execute("INSERT INTO translations VALUES ($1, $2, $3)", payload["room"], language, text)
                event = new_event("text", {"room": payload["room"], "language": language, "text": text})
                await producer.send_and_wait("text.translated", event)
            logger.info("translated", room=payload["room"], languages=len(LANGUAGES))

        await work("text.original", "translate", translate)


asyncio.run(main())
