# SPDX-License-Identifier: Apache-2.0
"""What one log line costs: this distribution beside structlog set up as fast as it can be.

    python -m bench.log_lines [--rounds N] [--lines N]

Each variant lives in a process of its own (both patch or configure structlog), and the rounds take turns, so that a
busy machine slows all of them alike. The figures are medians; what counts is their ratio within one run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.variants import TOOLS

Call = Callable[[int], object]
BAR = "structlog + orjson + BytesLogger + ids"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--lines", type=int, default=4000)
    options.add_argument("--worker", choices=sorted(VARIANTS), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.worker:
        _work(VARIANTS[chosen.worker]())
    else:
        print(json.dumps(measure(chosen.rounds, chosen.lines), indent=2))


def measure(rounds: int, lines: int) -> dict[str, Any]:
    """Return nanoseconds per line of each variant (medians) and the ratios of the bar."""
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(_worker(name)) for name in VARIANTS}
        samples: dict[str, list[float]] = {name: [] for name in VARIANTS}
        for worker in workers.values():
            _round(worker, lines // 4)  # warm up
        for _ in range(rounds):
            for name, worker in workers.items():
                samples[name].append(_round(worker, lines))
    nanoseconds = {name: round(statistics.median(found)) for name, found in samples.items()}
    return {
        "nanoseconds per call": nanoseconds,
        "line ÷ bar (must 1.1, aim 0.8)": round(nanoseconds["ours"] / nanoseconds[BAR], 3),
        "filtered-out ÷ structlog's own (must 1)": round(
            nanoseconds["ours, filtered out"] / nanoseconds["structlog, filtered out"], 3
        ),
        "OTLP adds, microseconds (must 10)": round((nanoseconds["ours + OTLP"] - nanoseconds["ours"]) / 1000, 2),
        "redaction of a line's values adds, nanoseconds": nanoseconds["redacted fields"] - nanoseconds["copied fields"],
    }


@contextlib.contextmanager
def _worker(name: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.log_lines", "--worker", name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdout=_null(), cwd=TOOLS
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _null() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def _round(worker: subprocess.Popen[str], lines: int) -> float:
    assert worker.stdin is not None
    assert worker.stderr is not None
    worker.stdin.write(f"{lines}\n")
    worker.stdin.flush()
    return float(worker.stderr.readline())


def _work(call: Call) -> None:
    """Answer each number on standard input with the nanoseconds per call of so many calls."""
    for request in sys.stdin:
        lines = int(request)
        started = time.thread_time_ns()
        for number in range(lines):
            call(number)
        print((time.thread_time_ns() - started) / lines, file=sys.stderr, flush=True)


def _in_span(adopt: bool) -> None:
    """Put the rest of the process into a sampled span."""
    from opentelemetry.context import attach
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import set_span_in_context

    provider = TracerProvider()
    if adopt:
        from otel_distro import tracing

        tracing.adopt(provider, None)
    attach(set_span_in_context(provider.get_tracer("bench").start_span("request")))


def _line(log: Any) -> Call:
    return lambda number: log.info("item fetched", item_id=number % 100, path="/items/{id}", cached=False)


def _bar() -> Call:
    import orjson
    import structlog
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    def add_ids(_logger: Any, _name: str, event: Any) -> Any:
        context = get_current_span().get_span_context()
        event["trace_id"] = format_trace_id(context.trace_id)
        event["span_id"] = format_span_id(context.span_id)
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_ids,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _in_span(adopt=False)
    structlog.contextvars.bind_contextvars(user_id="u-1")
    return _line(structlog.get_logger())


def _bar_filtered() -> Call:
    _bar()
    import structlog

    log = structlog.get_logger()
    return lambda number: log.debug("item fetched", item_id=number)


def _ours(*, otlp: bool = False) -> Call:
    from otel_distro.ground.request_ids import current
    from otel_distro.logs import install
    from otel_distro.settings.model import LogSettings, ServiceSettings, Settings

    settings = Settings(service=ServiceSettings(name="api"), logs=LogSettings(stream="stdout"))
    install(settings, (lambda _scope, _record: True) if otlp else None)
    import structlog

    _in_span(adopt=True)
    current.set({"request_id": "r" * 32, "correlation_id": "c" * 32})
    structlog.contextvars.bind_contextvars(user_id="u-1")
    return _line(structlog.get_logger())


def _ours_filtered() -> Call:
    _ours()
    import structlog

    log = structlog.get_logger()
    return lambda number: log.debug("item fetched", item_id=number)


def _standard_library() -> Call:
    _ours()
    import logging

    log = logging.getLogger("bench")
    return lambda number: log.info("item %s fetched", number % 100, extra={"path": "/items/{id}", "cached": False})


def _fields(*, redact: bool) -> Call:
    from otel_distro.logs.redaction.redact import redact_fields, redact_long

    def redacted(number: int) -> None:
        redact_long("item fetched")
        redact_fields({"item_id": number, "path": "/items/{id}", "cached": False, "user_id": "u-1"}, {})

    def copied(number: int) -> None:
        copy: dict[str, object] = {}
        copy.update({"item_id": number, "path": "/items/{id}", "cached": False, "user_id": "u-1"})

    return redacted if redact else copied


VARIANTS: dict[str, Callable[[], Call]] = {
    BAR: _bar,
    "ours": _ours,
    "ours + OTLP": lambda: _ours(otlp=True),
    "ours, standard library": _standard_library,
    "structlog, filtered out": _bar_filtered,
    "ours, filtered out": _ours_filtered,
    "redacted fields": lambda: _fields(redact=True),
    "copied fields": lambda: _fields(redact=False),
}

if __name__ == "__main__":
    main()
