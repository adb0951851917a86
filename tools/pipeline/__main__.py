# SPDX-License-Identifier: Apache-2.0
"""Show the pipeline at work: `python -m pipeline`, with a real Kafka, PostgreSQL and Redis."""

from __future__ import annotations

import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from functools import partial

from demo.terminal import Terminal
from demo.tree import show_tree
from prometheus_client.samples import Sample
from testbed.kafka import Kafka
from testbed.scrape import histogram_quantile
from testbed.server import eventually

from pipeline.chunks import delivered, send
from pipeline.stack import WORKERS, Pipeline, running

CHUNKS = 20
_FOR_PEOPLE = ("timestamp", "service", "level", "message", "correlation_id")


def main() -> int:
    """Run, show, end; return 1 if anything was not as it should be."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal = Terminal()
    try:
        with terminal.step("Kafka"):
            kafka = Kafka()
        try:
            with running(kafka.address) as pipeline:
                return 0 if _show(terminal, pipeline) else 1
        finally:
            kafka.close()
    except KeyboardInterrupt:
        return 130


def _show(terminal: Terminal, pipeline: Pipeline) -> bool:
    with terminal.step(f"{CHUNKS} chunks over a websocket"):
        send(pipeline, "lobby", [f"chunk {number}" for number in range(CHUNKS)])
        delivered(pipeline, "lobby", CHUNKS)
    _one_chunk(terminal, pipeline)
    _durations(terminal, pipeline)
    return _lag(terminal, pipeline) and _readiness(terminal, pipeline)


def _one_chunk(terminal: Terminal, pipeline: Pipeline) -> None:
    """Show the lines of one chunk in all processes, and its trace."""
    found = eventually(lambda: pipeline.receiver.spans("process audio.raw"), 30, "a span of the first stage")
    trace_id = found[0].trace_id
    eventually(lambda: _arrived(pipeline, trace_id) >= 2, 30, "the spans of the last stage")
    terminal.heading("One chunk", f"correlation_id {trace_id}")
    lines = [line for line in pipeline.lines() if line.get("correlation_id") == trace_id]
    terminal.table(_FOR_PEOPLE[:4], [[str(line.get(name, "")) for name in _FOR_PEOPLE[:4]] for line in lines], left=4)
    terminal.heading("Its trace, over Kafka")
    show_tree(terminal, [span for span in pipeline.receiver.spans() if span.trace_id == trace_id])


def _arrived(pipeline: Pipeline, trace_id: str) -> int:
    return sum(span.trace_id == trace_id for span in pipeline.receiver.spans("process audio.translated"))


def _durations(terminal: Terminal, pipeline: Pipeline) -> None:
    """Show the stages' and the whole pipeline's durations."""
    rows = []
    for worker in WORKERS:
        page = pipeline.page(worker)
        rows.append((worker, *_quantiles(page.samples("pipeline_stage_duration_seconds_bucket", stage=worker))))
    whole = pipeline.page("egress").samples("pipeline_end_to_end_duration_seconds_bucket")
    rows.append(("end to end", *_quantiles(whole)))
    terminal.heading("Stages", "seconds")
    terminal.table(("stage", "p50", "p95"), rows)


def _quantiles(buckets: Iterable[Sample]) -> tuple[str, str]:
    found = list(buckets)
    return f"{histogram_quantile(0.5, found):.3f}", f"{histogram_quantile(0.95, found):.3f}"


def _lag(terminal: Terminal, pipeline: Pipeline) -> bool:
    """Stop a worker, let its topic fill, start it again."""
    terminal.heading("Lag", "kafka_consumer_lag of text.translated: tts is stopped, chunks go on, tts is started again")
    pipeline.processes["tts"].kill()
    send(pipeline, "late", [f"late {number}" for number in range(CHUNKS)])
    pipeline.start_worker("tts")
    most = eventually(lambda: max(0.0, _lag_now(pipeline)), 60, "a lag")
    terminal.check(True, f"after the start: {most:g} messages behind")
    delivered(pipeline, "late", CHUNKS)
    eventually(lambda: _lag_now(pipeline) == 0, 60, "no lag")
    terminal.check(True, "when it has caught up: 0")
    return True


def _lag_now(pipeline: Pipeline) -> float:
    samples = list(pipeline.page("tts").samples("kafka_consumer_lag", topic="text.translated"))
    return samples[0].value if samples else -1.0


def _readiness(terminal: Terminal, pipeline: Pipeline) -> bool:
    """Stop PostgreSQL and start it again."""
    terminal.heading("Readiness", "/health/ready of the gateway")
    steps: tuple[tuple[str, int, Callable[[], None]], ...] = (
        ("all is there", 200, lambda: None),
        ("PostgreSQL is stopped", 503, pipeline.postgresql.stop),
        ("PostgreSQL is there again", 200, pipeline.postgresql.start),
    )
    for what, expected, act in steps:
        act()
        eventually(partial(_answers, pipeline, expected), 30, what)
        terminal.check(True, f"{what}: {expected} {_ready(pipeline)[1].strip()}")
    return True


def _answers(pipeline: Pipeline, expected: int) -> bool:
    return _ready(pipeline)[0] == expected


def _ready(pipeline: Pipeline) -> tuple[int, str]:
    url = f"http://127.0.0.1:{pipeline.ports['gateway']}/health/ready"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


if __name__ == "__main__":
    sys.exit(main())
