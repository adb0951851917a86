"""What people do with kafka-python, one case after another: `kafka_python_cases.py ADDRESS TOPIC…`."""

import json
import logging
import sys

from kafka import KafkaConsumer, KafkaProducer
from opentelemetry import trace

from otel_distro import messaging

logger = logging.getLogger("worker")
tracer = trace.get_tracer("application")
ADDRESS, *TOPICS = sys.argv[1:]


def current() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


def consuming(topic: str, **more) -> KafkaConsumer:
    options = {"group_id": f"workers-{topic}", "auto_offset_reset": "earliest", **more}
    return KafkaConsumer(topic, bootstrap_servers=ADDRESS, **options)


def send_in_traces(producer, topic: str, count: int) -> list[str]:
    traces = []
    for number in range(count):
        with tracer.start_as_current_span("request"):
            traces.append(current())
            producer.send(topic, b"%d" % number).get(30)
    return traces


def iterated(producer, topic: str) -> dict:
    """Issue 1732 of contrib: the consumer gets no trace id."""
    sent, seen = send_in_traces(producer, topic, 3), []
    consumer = consuming(topic)
    for _ in consumer:
        seen.append(current())
        logger.info("iterated")
        if len(seen) == 3:
            break
    consumer.close()
    return {"sent": sent, "seen": seen, "after": current()}


def polled(producer, topic: str) -> dict:
    sent, whole, single, count = send_in_traces(producer, topic, 3), [], [], 0
    consumer = consuming(topic)
    while count < 3:
        for records in consumer.poll(timeout_ms=500).values():
            whole.append(current())
            for record in records:
                count += 1
                with messaging.process(record):
                    single.append(current())
    for _ in range(100):
        consumer.poll(timeout_ms=0)
    consumer.close()
    return {"sent": sent, "whole": whole, "single": single, "after": current()}


def forwarded(producer, topic: str) -> dict:
    send_in_traces(producer, topic, 1)
    consumer = consuming(topic)
    first = next(consumer)
    kept = list(first.headers)
    producer.send(topic, b"again", headers=first.headers).get(30)
    again = sorted(name for name, _ in next(consumer).headers)
    consumer.close()
    return {"again": again, "unchanged": kept == list(first.headers)}


def enveloped(_producer, topic: str) -> dict:
    producer = KafkaProducer(bootstrap_servers=ADDRESS, value_serializer=lambda value: json.dumps(value).encode())
    with tracer.start_as_current_span("request"):
        sent = current()
        producer.send(topic, {"text": "one"}).get(30)
    producer.close()
    consumer = consuming(topic, value_deserializer=json.loads)
    value = next(consumer).value
    consumer.close()
    return {"sent": sent, "value": value}


def failing(producer, topic: str) -> dict:
    told = []
    for arguments in ({"value": object()}, {"headers": (("a", b"b"),)}, {"headers": [("a", "b")]}, {"headers": "text"}):
        for send in (KafkaProducer.send, KafkaProducer.send.__wrapped__):
            try:
                send(producer, topic, **{"value": b"x", **arguments})
            except BaseException as error:
                told.append([type(error).__name__, str(error).split(" at 0x")[0]])
            else:
                told.append(None)
    return {"ours": told[::2], "bare": told[1::2]}


CASES = (iterated, polled, forwarded, enveloped, failing)

shared = KafkaProducer(bootstrap_servers=ADDRESS)
for case, topic in zip(CASES, TOPICS, strict=True):
    print(json.dumps({"case": case.__name__, **case(shared, topic)}), flush=True)
shared.close()
