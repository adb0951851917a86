"""FastStream with one worker, two workers, a batch and a failing handler: `faststream_cases.py ADDRESS TOPIC…`."""

import asyncio
import json
import logging
import sys

from faststream import FastStream
from faststream.kafka import KafkaBroker
from opentelemetry import trace

logger = logging.getLogger("worker")
tracer = trace.get_tracer("application")
ADDRESS, SINGLE, WORKERS, BATCH, FAILING, CHAIN = sys.argv[1:]
broker = KafkaBroker(ADDRESS)
app = FastStream(broker)
seen: dict[str, list] = {"single": [], "workers": [], "batch": [], "failing": [], "chain": []}


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


@broker.subscriber(SINGLE, group_id="single", auto_offset_reset="earliest")
async def single(text: str) -> None:
    seen["single"].append([text, current()])
    logger.info("single")


@broker.subscriber(WORKERS, group_id="workers", auto_offset_reset="earliest", max_workers=2)
async def workers(text: str) -> None:
    before = current()
    await asyncio.sleep(0.05)
    seen["workers"].append([text, before, current()])
    logger.info("workers", extra={"text": text})


@broker.subscriber(BATCH, group_id="batch", auto_offset_reset="earliest", batch=True)
async def batch(texts: list[str]) -> None:
    seen["batch"].append([texts, current()])
    logger.info("batch")


@broker.subscriber(FAILING, group_id="failing", auto_offset_reset="earliest")
@broker.publisher(CHAIN)
async def failing(text: str) -> str:
    seen["failing"].append(current())
    if text == "0":
        raise ValueError("handler")
    return text


@broker.subscriber(CHAIN, group_id="chain", auto_offset_reset="earliest")
async def chain(text: str) -> None:
    seen["chain"].append(current())


async def main() -> None:
    await broker.start()
    sent: dict[str, list] = {}
    for name, topic in (("single", SINGLE), ("workers", WORKERS), ("batch", BATCH), ("failing", FAILING)):
        sent[name] = []
        for number in range(2 if name == "failing" else 4):
            with tracer.start_as_current_span("request"):
                sent[name].append(current())
                await broker.publish(str(number), topic)
    wanted = {"single": 4, "workers": 4, "failing": 2, "chain": 1}
    async with asyncio.timeout(60) if hasattr(asyncio, "timeout") else _forever():
        while any(len(seen[name]) < count for name, count in wanted.items()) or sum(
            len(texts) for texts, _ in seen["batch"]
        ) < len(sent["batch"]):
            await asyncio.sleep(0.02)
    await broker.stop()
    for name, what in seen.items():
        print(json.dumps({"case": name, "sent": sent.get(name), "seen": what}), flush=True)


class _forever:  # noqa: N801
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


asyncio.run(main())
