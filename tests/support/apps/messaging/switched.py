"""One message sent in a span and taken again: `switched.py ADDRESS TOPIC`; contrib instrumented by hand if it is there."""

import asyncio
import json
import sys
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from opentelemetry import trace

with suppress(ImportError):
    from opentelemetry.instrumentation.aiokafka import AIOKafkaInstrumentor

    AIOKafkaInstrumentor().instrument()

ADDRESS, TOPIC = sys.argv[1:]


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


async def main() -> None:
    async with AIOKafkaProducer(bootstrap_servers=ADDRESS) as producer:
        with trace.get_tracer("application").start_as_current_span("request"):
            sent = current()
            await producer.send_and_wait(TOPIC, b"one")
    options = {"group_id": f"switched-{TOPIC}", "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=ADDRESS, **options) as consumer:
        record = await consumer.getone()
        names = [name for name, _ in record.headers]
        print(json.dumps({"case": "switched", "sent": sent, "seen": current(), "names": sorted(names)}), flush=True)


asyncio.run(main())
