"""Four consumers in the API's own process: mail, and speech that becomes text, another language, and speech again."""

import asyncio
import json
import logging
import os

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from asgi_correlation_id import correlation_id
from prometheus_client import Histogram

logger = logging.getLogger(__name__)

KAFKA, PREFIX = os.environ["KAFKA"], os.environ["TOPICS"]
STAGE = Histogram("pipeline_stage_duration_seconds", "Duration of a stage.", ["stage"])


class Workers:
    def __init__(self) -> None:
        self.producer = AIOKafkaProducer(bootstrap_servers=KAFKA)
        self.steps = {
            "mail.outgoing": self.send_mail,
            "audio.raw": self.transcribe,
            "text.original": self.translate,
            "text.translated": self.speak,
        }
        self.consumers = []
        self.tasks = []

    async def start(self) -> None:
        await self.producer.start()
        for topic, step in self.steps.items():
            consumer = AIOKafkaConsumer(
                f"{PREFIX}.{topic}",
                bootstrap_servers=KAFKA,
                group_id=f"{PREFIX}.{topic}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            await consumer.start()
            self.consumers.append(consumer)
            self.tasks.append(asyncio.create_task(self.work(topic, consumer, step)))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for client in (*self.consumers, self.producer):
            await client.stop()

    async def send(self, topic: str, payload: dict[str, str]) -> None:
        event = {"payload": payload}
        event["correlation_id"] = correlation_id.get()
        await self.producer.send_and_wait(f"{PREFIX}.{topic}", json.dumps(event).encode())

    async def work(self, topic, consumer, step) -> None:
        async for message in consumer:
            event = json.loads(message.value)
            correlation_id.set(event["correlation_id"])
            try:
                with STAGE.labels(topic).time():
                    await step(event["payload"])
            except Exception:
                logger.exception("%s failed", topic)
                await self.producer.send_and_wait(f"{PREFIX}.dead.letters", message.value)
            await consumer.commit()

    async def send_mail(self, payload) -> None:
        logger.info("mail sent")

    async def transcribe(self, payload) -> None:
        if payload["audio"] == "noise":
            raise ValueError("nothing but noise")
        logger.info("transcribed")
        await self.send("text.original", {"text": payload["audio"]})

    async def translate(self, payload) -> None:
        logger.info("translated")
        await self.send("text.translated", {"text": f"{payload['text']} (de)"})

    async def speak(self, payload) -> None:
        logger.info("spoken")
