# SPDX-License-Identifier: Apache-2.0
"""Many threads of several processes write lines of mixed sizes into one pipe: which arrive whole?

    python tools/soak_logs.py [--lines 200000] [--processes 4] [--threads 8] [--lag SECONDS]

With an ordinary reader every line must be whole and valid; with one that lags, every line of up to 4,096 bytes (what
the kernel promises), and the longer ones are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

PIPE_BUF = 4096
LONGEST = 15_000
SHORTEST = 100
READ_BYTES = 65_536


@dataclass
class Outcome:
    """What arrived.

    Attributes:
        written: lines that were logged.
        whole: lines that arrived, each once, as valid JSON.
        shortened: whole lines that gave up some of their text because the reader lagged.
        broken: pieces of lines that are no JSON.
        missing_short: lines of up to 4,096 bytes that did not arrive whole.
        missing_long: longer lines that did not arrive whole.
        seconds: until everything was read.
    """

    written: int
    whole: int = 0
    shortened: int = 0
    broken: int = 0
    missing_short: int = 0
    missing_long: int = 0
    seconds: float = 0.0


def soak(lines: int, processes: int = 4, threads: int = 8, lag_seconds: float = 0.0) -> Outcome:
    """Write the lines through one pipe and judge what comes out.

    Args:
        lines: altogether.
        processes: that share the pipe.
        threads: of each process.
        lag_seconds: that the reader sleeps after each 64 KiB.
    """
    share = lines // (processes * threads)
    reading, writing = os.pipe()
    started = time.monotonic()
    writers = [_start_writer(number, threads, share, writing) for number in range(processes)]
    os.close(writing)
    outcome = Outcome(written=share * processes * threads)
    seen = _read(reading, lag_seconds, outcome)
    failed = [writer.args for writer in writers if writer.wait() != 0]
    if failed:
        raise RuntimeError(f"writers failed: {failed}")
    for process in range(processes):
        for thread in range(threads):
            for number, size in enumerate(_sizes(process, thread, share)):
                if (process, thread, number) in seen:
                    continue
                outcome.missing_short += size <= PIPE_BUF
                outcome.missing_long += size > PIPE_BUF
    outcome.seconds = round(time.monotonic() - started, 1)
    return outcome


def _start_writer(number: int, threads: int, lines: int, output: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--write", str(number), "--threads", str(threads), "--lines", str(lines)]
    return subprocess.Popen(command, stdout=output)


def _sizes(process: int, thread: int, lines: int) -> Iterator[int]:
    """Return the sizes of a thread's lines, the same for writer and judge: most are short, some are tracebacks."""
    chance = random.Random(process * 1000 + thread)
    for _ in range(lines):
        yield chance.randint(SHORTEST, 600) if chance.random() < 0.9 else chance.randint(SHORTEST, LONGEST)


def _read(source: int, lag_seconds: float, outcome: Outcome) -> set[tuple[int, int, int]]:
    """Read to the end; return which lines came whole."""
    seen: set[tuple[int, int, int]] = set()
    rest = b""
    with os.fdopen(source, "rb", buffering=0) as stream:
        while chunk := stream.read(READ_BYTES):
            *complete, rest = (rest + chunk).split(b"\n")
            for line in complete:
                _judge(line, seen, outcome)
            time.sleep(lag_seconds)
    outcome.broken += bool(rest)
    return seen


def _judge(line: bytes, seen: set[tuple[int, int, int]], outcome: Outcome) -> None:
    try:
        event = json.loads(line)
        identity = event["process"], event["thread"], event["number"]
        shortened = len(event["text"]) < event["size"]
    except (ValueError, KeyError, TypeError):
        outcome.broken += 1
        return
    if identity in seen:
        outcome.broken += 1
        return
    seen.add(identity)
    outcome.whole += 1
    outcome.shortened += shortened


def _write(process: int, threads: int, lines: int) -> None:
    from otel_distro.logs import install
    from otel_distro.settings.model import LogSettings, Settings

    install(Settings(logs=LogSettings(stream="stdout")))
    import structlog

    log = structlog.get_logger("soak")
    text = "x" * LONGEST

    def write(thread: int) -> None:
        for number, size in enumerate(_sizes(process, thread, lines)):
            # Fields and their names take some 200 bytes of the size.
            share = max(size - 200, 0)
            log.info(
                "line",
                process=process,
                thread=thread,
                number=number,
                size=min(share, 8000),
                text=text[: min(share, 8000)],
                more=text[: max(share - 8000, 0)],
            )

    workers = [threading.Thread(target=write, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=200_000)
    options.add_argument("--processes", type=int, default=4)
    options.add_argument("--threads", type=int, default=8)
    options.add_argument("--lag", type=float, default=0.0, help="seconds that the reader sleeps after each 64 KiB")
    options.add_argument("--write", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.write is not None:
        _write(chosen.write, chosen.threads, chosen.lines)
        return
    outcome = soak(chosen.lines, chosen.processes, chosen.threads, chosen.lag)
    print(json.dumps(asdict(outcome)))
    sys.exit(0 if not outcome.missing_short and (chosen.lag or not (outcome.missing_long or outcome.broken)) else 1)


if __name__ == "__main__":
    main()
