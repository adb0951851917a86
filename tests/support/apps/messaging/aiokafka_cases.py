"""What people do with aiokafka, one case after another: `aiokafka_cases.py ADDRESS TOPIC…`, a JSON line for each on stdout."""

import asyncio
import json
import logging
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from opentelemetry import trace

from otel_distro import messaging

logger = logging.getLogger("worker")
tracer = trace.get_tracer("application")
ADDRESS, *TOPICS = sys.argv[1:]


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


def headers_of(record) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in record.headers:
        found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def origin_of(record) -> str:
    return headers_of(record)["traceparent"][-1][3:35]


class Consumer(AIOKafkaConsumer):
    """An application's own subclass."""

    def __init__(self, topic: str, **options) -> None:
        options = {"auto_offset_reset": "earliest", "group_id": f"group-{topic}", **options}
        super().__init__(topic, bootstrap_servers=ADDRESS, **options)


async def send_in_traces(producer, topic: str, count: int) -> list[str]:
    traces = []
    for number in range(count):
        with tracer.start_as_current_span("request"):
            traces.append(current())
            await producer.send_and_wait(topic, b"%d" % number)
    return traces


async def iterated(producer, topic: str) -> dict:
    """Issue 3465 of contrib: no context while processing."""
    sent = await send_in_traces(producer, topic, 2)
    seen, tasks = [], []
    async with Consumer(topic) as consumer:
        async for _ in consumer:
            seen.append(current())

            async def elsewhere() -> None:
                tasks.append(current())

            await asyncio.create_task(elsewhere())
            if len(seen) == 2:
                break
    return {"sent": sent, "seen": seen, "tasks": tasks, "after": current()}


async def waited_for(producer, topic: str) -> dict:
    """`wait_for` runs `getone` in a task of its own before Python 3.12: the record is found by `process`."""
    sent = await send_in_traces(producer, topic, 2)
    seen, by_hand = [], []
    async with Consumer(topic) as consumer:
        for _ in range(2):
            record = await asyncio.wait_for(consumer.getone(), 30)
            seen.append(current())
            with messaging.process(record, stage="waited"):
                by_hand.append(current())
    return {"sent": sent, "seen": seen, "by_hand": by_hand, "after": current()}


async def getmany(producer, topic: str) -> dict:
    """Issues 3087 and 3257 of contrib: `getmany` breaks the flow."""
    sent = await send_in_traces(producer, topic, 3)
    whole, single, records = [], [], []
    async with Consumer(topic) as consumer:
        while len(records) < 3:
            batches = await consumer.getmany(timeout_ms=1000)
            some = [record for batch in batches.values() for record in batch]
            records += some
            if some:
                whole.append(current())
            for record in some:
                with messaging.process(record):
                    single.append(current())
                    logger.info("one of a batch")
    with messaging.process(records, stage="batch"):
        batch = current()
    return {"sent": sent, "whole": whole, "single": single, "batch": batch}


async def forwarded(producer, topic: str) -> dict:
    """spring-kafka 3786 and 3816: retries and dead letters collect headers. One constant list is sent three times, too."""
    await send_in_traces(producer, topic, 1)
    constant = [("kind", b"audio")]
    async with Consumer(topic) as consumer:
        first = await consumer.getone()
        one_trace = current()
        kept = list(first.headers)
        for _ in range(2):
            await producer.send_and_wait(topic, b"again", headers=list(first.headers))
        with tracer.start_as_current_span("other"):
            other = current()
            for _ in range(3):
                await producer.send_and_wait(topic, b"constant", headers=constant)
        again = [headers_of(await consumer.getone()) for _ in range(5)]
    unchanged = kept == list(first.headers) and constant == [("kind", b"audio")]
    return {"trace": one_trace, "other": other, "again": again, "unchanged": unchanged}


async def forwarded_later(producer, topic: str) -> dict:
    """Headers that are forwarded outside any span go on with the trace that they name."""
    sent = await send_in_traces(producer, topic, 1)
    async with Consumer(topic) as consumer:
        first = await consumer.getone()
    await producer.send_and_wait(topic, b"later", headers=list(first.headers))
    async with Consumer(topic, group_id=f"later-{topic}") as consumer:
        await consumer.getone()
        second = await consumer.getone()
        return {"sent": sent, "second": headers_of(second), "seen": current()}


async def hostile(producer, topic: str) -> dict:
    """Whatever headers hold, records arrive, and a tuple is refused as without us."""
    bad = [
        [
            ("traceparent", b"\xff\xfe"),
            ("x-correlation-id", b"\xff"),
            ("baggage", b"\x00=\xff,,,"),
            ("tracestate", b"\xff"),
        ],
        [("TraceParent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"), ("X-Correlation-ID", b"mine")],
        [
            ("traceparent", b"00-" + b"c" * 32 + b"-" + b"d" * 16 + b"-01"),
            ("traceparent", b"00-" + b"e" * 32 + b"-" + b"f" * 16 + b"-01"),
        ],
        [("x-correlation-id", b"a b\nc"), ("x-pipeline-start", b"never"), ("baggage", b"a=b," * 5000)],
    ]
    plain = AIOKafkaProducer.send_and_wait.__wrapped__
    carry = AIOKafkaProducer.send.__wrapped__
    for headers in bad:
        await (await carry(producer, topic, b"bad", headers=headers))
    refused = []
    for headers in ((("a", b"b"),), {"a": b"b"}, [("a", "text")], [("a",)], "text", [1]):
        told = []
        for send in (producer.send_and_wait, lambda *a, **k: plain_send(carry, producer, *a, **k)):
            try:
                await send(topic, b"refused", headers=headers)
            except Exception as error:
                told.append([type(error).__name__, str(error)])
            else:
                told.append(None)
        refused.append(told)
    seen = []
    async with Consumer(topic) as consumer:
        for _ in bad:
            await consumer.getone()
            seen.append(current())
            logger.info("hostile")
    return {"seen": seen, "refused": refused, "wrapped": plain is not None}


async def plain_send(carry, producer, *arguments, **options):
    return await (await carry(producer, *arguments, **options))


async def failing(producer, topic: str) -> dict:
    """Issue 4871 of contrib: failures outside the span; and a handler that logs its own, or raises."""
    try:
        await producer.send(topic, object())
    except Exception as error:
        refused = type(error).__name__
    await send_in_traces(producer, topic, 3)
    async with Consumer(topic) as consumer:
        await consumer.getone()
        try:
            raise KeyError("logged")
        except KeyError:
            logger.exception("could not")
        record = await consumer.getone()
        try:
            with messaging.process(record, stage="outer"), messaging.stage("inner"):
                raise ValueError("left the handler")
        except ValueError as error:
            left = repr(error)
        await consumer.getone()
    return {"refused": refused, "left": left}


async def empty_polls(producer, topic: str) -> dict:
    """Issues 3590 and 1962 of contrib: spans for empty polls, no metrics."""
    async with Consumer(topic) as consumer:
        for _ in range(100):
            await consumer.getmany()
        await send_in_traces(producer, topic, 1)
        record = await consumer.getone()
    return {"value": record.value.decode()}


async def shared(producer, topic: str) -> dict:
    """Three tasks share a consumer, each with a message of its own in hand."""
    sent = await send_in_traces(producer, topic, 6)
    seen = []
    async with Consumer(topic) as consumer:

        async def worker() -> None:
            while len(seen) < 6:
                record = await consumer.getone()
                before = current()
                await asyncio.sleep(0.05)
                seen.append([record.offset, before, current()])

        workers = [asyncio.create_task(worker()) for _ in range(3)]
        while len(seen) < 6:
            await asyncio.sleep(0.01)
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return {"sent": sent, "seen": sorted(seen)}


async def left_open(producer, topic: str) -> dict:
    """A consumer that is never asked again, and closed in another task."""
    sent = await send_in_traces(producer, topic, 1)
    consumer = Consumer(topic)
    await consumer.start()

    async def take() -> None:
        await consumer.getone()

    await asyncio.create_task(take())
    await asyncio.create_task(consumer.stop())
    return {"sent": sent, "after": current()}


async def enveloped(producer, topic: str) -> dict:
    """Envelopes: a serialising client's mapping gets the keys that the environment names, a batch of bytes nothing."""
    given = {"event_id": "1", "correlation_id": "of-the-application"}
    event = {"specversion": "1.0", "id": "2"}
    typed = AIOKafkaProducer(bootstrap_servers=ADDRESS, value_serializer=lambda value: json.dumps(value).encode())
    await typed.start()
    with tracer.start_as_current_span("request"):
        trace_id = current()
        await typed.send_and_wait(topic, given)
        await typed.send_and_wait(topic, event)
        await producer.send_and_wait(topic, b'{"bytes": true}')
    await typed.stop()
    async with Consumer(topic) as consumer:
        values = [json.loads((await consumer.getone()).value) for _ in range(3)]
    plain = AIOKafkaProducer.send.__wrapped__  # as a producer that is not observed
    await (await plain(producer, topic, json.dumps(values[0]).encode()))
    await (await plain(producer, topic, json.dumps(values[1]).encode()))
    seen = []
    async with Consumer(topic, group_id=f"typed-{topic}", value_deserializer=json.loads) as consumer:
        for _ in range(5):
            await consumer.getone()
            seen.append(current())
            logger.info("enveloped")
    return {"trace": trace_id, "values": values, "seen": seen[3:], "given": given}


async def transactions(_producer, topic: str) -> dict:
    """What is sent in a transaction carries its origin, what is aborted is not seen."""
    producer = AIOKafkaProducer(bootstrap_servers=ADDRESS, transactional_id=f"tx-{topic}")
    await producer.start()
    with tracer.start_as_current_span("request"):
        trace_id = current()
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept")
        try:
            async with producer.transaction():
                await producer.send_and_wait(topic, b"aborted")
                raise RuntimeError
        except RuntimeError:
            pass
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept, too")
    await producer.stop()
    async with Consumer(topic, isolation_level="read_committed") as consumer:
        seen = [[(await consumer.getone()).value.decode(), current()] for _ in range(2)]
    return {"trace": trace_id, "seen": seen}


CASES = (
    iterated,
    waited_for,
    getmany,
    forwarded,
    forwarded_later,
    hostile,
    failing,
    empty_polls,
    shared,
    left_open,
    enveloped,
    transactions,
)


async def main() -> None:
    producer = AIOKafkaProducer(bootstrap_servers=ADDRESS)
    await producer.start()
    for case, topic in zip(CASES, TOPICS, strict=True):
        result = await asyncio.wait_for(case(producer, topic), 60)
        print(json.dumps({"case": case.__name__, **result}), flush=True)
    await producer.stop()


if __name__ == "__main__":
    asyncio.run(main())
