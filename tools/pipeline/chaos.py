# SPDX-License-Identifier: Apache-2.0
"""A thousand chunks through the pipeline while workers are killed, groups rebalance and the broker restarts.

    python -m pipeline.chaos [CHUNKS]

Every twentieth fails at first, and the application sends it once more by itself; every fiftieth can never be processed, and goes to the
dead letters. Every other chunk must arrive and its lines be found by its one id; no processing may be told twice; end to end is
counted once for each success. A redelivery is a processing of its own.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable

from confluent_kafka import Consumer
from demo.terminal import Terminal
from testbed.kafka import Kafka
from testbed.server import eventually

from pipeline.chunks import delivered, send
from pipeline.stack import Pipeline, running

ROOM = "chaos"


def main() -> int:
    """Run, and return 1 if anything was lost or doubled."""
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    terminal = Terminal()
    kafka = Kafka()
    try:
        with running(kafka.address, {"OTEL_BSP_MAX_QUEUE_SIZE": "100000"}) as pipeline:
            _run(terminal, pipeline, kafka, chunks)
            return 0 if _judge(terminal, pipeline, chunks) else 1
    finally:
        kafka.close()


def _run(terminal: Terminal, pipeline: Pipeline, kafka: Kafka, chunks: int) -> None:
    names = [_name(number) for number in range(chunks)]
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("stt is killed and started again", lambda: _again(pipeline, "stt")),
        ("a second tts joins: the group rebalances", lambda: _second(pipeline)),
        ("the broker restarts", lambda: _restart(kafka)),
        ("translate is killed and started again", lambda: _again(pipeline, "translate")),
    )
    part = -(-chunks // (len(steps) + 1))
    for number, (what, act) in enumerate(steps):
        thread = threading.Thread(target=send, args=(pipeline, ROOM, names[number * part : (number + 1) * part]))
        thread.start()
        with terminal.step(what):
            act()
            thread.join()
    send(pipeline, ROOM, names[len(steps) * part :])
    with terminal.step(f"{chunks} chunks in two languages"):
        delivered(pipeline, ROOM, chunks - _noise(chunks), timeout=600)


def _name(number: int) -> str:
    if number % 50 == 49:
        return f"noise {number}"
    return f"{'mumbled' if number % 20 == 19 else 'chunk'} {number}"


def _noise(chunks: int) -> int:
    return sum(_name(number).startswith("noise") for number in range(chunks))


def _again(pipeline: Pipeline, name: str) -> None:
    pipeline.keep_lines(name)
    pipeline.processes[name].kill()
    pipeline.start_worker(name)


def _restart(kafka: Kafka) -> None:
    kafka.stop()
    kafka.start()


def _second(pipeline: Pipeline) -> None:
    pipeline.start_worker("tts", "tts-2")


def _judge(terminal: Terminal, pipeline: Pipeline, chunks: int) -> bool:
    def settled() -> bool:
        return _successes(pipeline) <= len(pipeline.receiver.spans("process audio.translated"))

    eventually(settled, 60, "the last spans")
    spans = pipeline.receiver.spans()
    roots = {span.trace_id for span in spans if span.name == "send audio.raw"}
    ids = Counter(span.span_id for span in spans)
    lines = Counter((line["correlation_id"], line["service"]) for line in pipeline.lines() if "correlation_id" in line)
    services = ("stt", "translate", "tts", "egress")
    dead = _traces_with(pipeline, "ValueError: nothing but noise")
    lost = [trace_id for trace_id in roots - dead if any(not lines[trace_id, service] for service in services)]
    buried = {span.trace_id for span in spans if span.name == "send dead.letters"}
    letters = len(_dead_letters(pipeline))
    mumbled = _traces_with(pipeline, "TimeoutError: the model has not answered")
    whole = pipeline.page("egress").value("pipeline_end_to_end_duration_seconds_count")
    checks = (
        (len(roots) >= chunks, f"{len(roots)} chunks have a trace of their own (of {chunks}, and what was sent again)"),
        (not lost, f"{len(lost)} ids lack a line in one of the workers"),
        (
            buried <= dead and letters == _noise(chunks),
            f"{letters} different dead letters, {len(dead)} ids on the lines that say why",
        ),
        (
            bool(mumbled) and mumbled.isdisjoint(lost),
            f"{len(mumbled)} failed at first and went all the way under the same id",
        ),
        (max(ids.values()) == 1, f"{len(ids)} spans, none twice"),
        (whole == _successes(pipeline), f"end to end: {whole:g} for {_successes(pipeline)} successes"),
        (not _faults(pipeline), f"{len(_faults(pipeline))} internal faults"),
    )
    for passed, text in checks:
        terminal.check(passed, text)
    return all(passed for passed, _ in checks)


def _traces_with(pipeline: Pipeline, error: str) -> set[str]:
    return {str(line["trace_id"]) for line in pipeline.lines() if line.get("error") == error}


def _dead_letters(pipeline: Pipeline) -> set[str]:
    """Return what was recorded of the chunks in the topic of the dead letters."""
    consumer = Consumer({"bootstrap.servers": pipeline.kafka, "group.id": "judge", "auto.offset.reset": "earliest"})
    consumer.subscribe(["dead.letters"])
    found: set[str] = set()
    with contextlib.closing(consumer):
        while messages := consumer.consume(1000, 10.0):
            found |= {json.loads(message.value() or b"")["payload"]["audio"] for message in messages}
    return found


def _successes(pipeline: Pipeline) -> int:
    return sum(line["message"] == "delivered" for line in pipeline.lines())


def _faults(pipeline: Pipeline) -> list[dict[str, object]]:
    return [line for line in pipeline.lines() if "internal fault" in str(line["message"])]


if __name__ == "__main__":
    sys.exit(main())
