# SPDX-License-Identifier: Apache-2.0
"""What one line of the application's own costs by each set-up: bare, by upstream with its ids, and by us.

    python -m bench.setup_lines [--rounds N] [--lines N]

A process for each, as its launcher starts it, inside one span; the rounds take turns. Lines go to /dev/null.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.variants import BARE, OURS, SETUPS, TOOLS, UPSTREAM_ONE, Variant, folder, made

COMPARED = (BARE, UPSTREAM_ONE, OURS)
LINES_OF_A_REQUEST = 2
ANSWER = "microseconds per line: "
# Nothing is exported while lines are counted: the span does not end.
VARIABLES = {
    "OTEL_SERVICE_NAME": "bench",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
}


def measure(rounds: int, lines: int) -> dict[str, dict[str, list[float]]]:
    """Return the CPU microseconds of a line in each round: by set-up, by variant."""
    compared = made(COMPARED)
    return {setup: of_setup(setup, compared, rounds, lines) for setup in SETUPS}


def of_setup(setup: str, compared: tuple[Variant, ...], rounds: int, lines: int) -> dict[str, list[float]]:
    """Return the CPU microseconds of a line in each round, by variant."""
    with contextlib.ExitStack() as stack:
        workers = {each.name: stack.enter_context(_worker(each, setup)) for each in compared}
        times: dict[str, list[float]] = {name: [] for name in workers}
        for worker in workers.values():
            _round(worker, lines)  # warm up
        for _ in range(rounds):
            for name, worker in workers.items():
                times[name].append(_round(worker, lines))
    return times


@contextlib.contextmanager
def _worker(variant: Variant, setup: str) -> Iterator[subprocess.Popen[str]]:
    binaries = folder(variant) / "bin"
    command = [
        *(str(binaries / word) for word in variant.launcher),
        str(binaries / "python"),
        "-m",
        "bench.setup_lines",
        "--worker",
    ]
    variables = {"PATH": f"{binaries}:{os.environ['PATH']}", "BENCH_LOGS": setup, **VARIABLES, **variant.variables}
    with subprocess.Popen(
        command,
        cwd=TOOLS,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()  # nobody is there to take its span


def _round(worker: subprocess.Popen[str], lines: int) -> float:
    assert worker.stdin is not None
    assert worker.stderr is not None
    worker.stdin.write(f"{lines}\n")
    worker.stdin.flush()
    said = []
    for line in worker.stderr:
        if line.startswith(ANSWER):
            return float(line.removeprefix(ANSWER))
        said.append(line)
    raise RuntimeError(f"{worker.args!r} ended: {''.join(said)}")


def work() -> None:
    """Answer each number on standard input with what so many lines cost."""
    from bench.apps.log_setups import SETUPS as BY_NAME

    events = BY_NAME[os.environ["BENCH_LOGS"]]()
    with _span():
        for request in sys.stdin:
            calls = int(request) // LINES_OF_A_REQUEST
            started = time.thread_time_ns()
            for number in range(calls):
                events(number % 100)
            spent = (time.thread_time_ns() - started) / 1000 / calls / LINES_OF_A_REQUEST
            print(f"{ANSWER}{spent}", file=sys.stderr, flush=True)


def _span() -> contextlib.AbstractContextManager[object]:
    try:
        from opentelemetry.trace import get_tracer
    except ImportError:  # bare
        return contextlib.nullcontext()
    return get_tracer("bench").start_as_current_span("request")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--lines", type=int, default=4000)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work()
        return
    for setup, times in measure(options.rounds, options.lines).items():
        print(f"{setup:22}", *(f"{name} {statistics.median(each):6.1f} us  " for name, each in times.items()))


if __name__ == "__main__":
    main()
