# SPDX-License-Identifier: Apache-2.0
"""What a request takes by count: instructions of a request with two log events, by set-up and variant (cachegrind).

    python -m bench.instructions [--setup PART] [--only PART] [--caches]

In process, without a server: an application is started and warmed once, and forks two children that answer few requests and
many; the difference is what the requests took, to the instruction nearly. Counts do not move with the machine's load. They
are not time, which is to a good part spent waiting for memory: `--caches` counts those too, with the caches of a small cloud
machine, 32 KiB for instructions and for data, 512 KiB behind them. No batch is full before the end, so that nothing is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.variants import LAUNCHER, NO_LINES, SETUPS, TOOLS, VARIANTS, Variant, folder, made

APPS = Path(__file__).parent / "apps"
WARM, FEW, MANY = 20, 10, 110
SEARCHED = 1000  # what finds nothing in so many requests is looked for no longer
SETTLED_SECONDS = 3  # what a child of a service does by itself: threads, a place among the workers
CACHEGRIND = ("valgrind", "--tool=cachegrind", "--cachegrind-out-file=/dev/null")
CACHES = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")
COUNTS = {"instructions": r"I +refs", "level 1 misses": r"[ID]1 +misses", "level 2 misses": r"LL +misses"}


def main() -> None:
    """Print a line for each variant of each set-up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup", default="", help="part of a set-up's name")
    parser.add_argument("--only", default="", help="parts of variants' names, with commas; bare is always counted")
    parser.add_argument("--caches", action="store_true")
    options = parser.parse_args()
    wanted = options.only.split(",")
    chosen = made(tuple(each for each in VARIANTS if each is VARIANTS[0] or any(part in each.name for part in wanted)))
    for setup in (each for each in (*SETUPS, NO_LINES) if options.setup in each):
        bare: dict[str, int] = {}
        for variant in chosen:
            found = counted(variant, setup, caches=options.caches)
            bare = bare or found
            print(
                f"{setup:22}{variant.name:22}" + "".join(_both(found[name], bare[name]) for name in found), flush=True
            )


def _both(count: int, bare: int) -> str:
    return f"{count:12,}" + (f" +{count - bare:9,}" if count != bare else " " * 11)


def counted(variant: Variant, setup: str, *, caches: bool = False) -> dict[str, int]:
    """Return what a request takes."""
    python = folder(variant) / "bin" / "python"
    simulated = CACHES if caches else ("--cache-sim=no",)
    command = [*CACHEGRIND, *simulated, str(python), "-m", "bench.instructions", "--serve"]
    result = subprocess.run(command, env=_environment(variant, setup), check=True, capture_output=True, text=True)
    few, many = re.findall(r"^child (\d+)$", result.stdout, re.MULTILINE)
    totals = {
        name: [_total(pid, pattern, result.stderr) for pid in (few, many)]
        for name, pattern in COUNTS.items()
        if caches or name == "instructions"
    }
    return {name: (last - first) // (MANY - FEW) for name, (first, last) in totals.items()}


def _total(pid: str, pattern: str, text: str) -> int:
    return sum(int(number.replace(",", "")) for number in re.findall(rf"=={pid}== {pattern}: +([\d,]+)", text))


def _environment(variant: Variant, setup: str) -> dict[str, str]:
    # What the launcher does for its child: a program that it starts by `exec` would be out of cachegrind's sight.
    part: dict[tuple[str, ...], str] = {
        LAUNCHER: "opentelemetry/instrumentation/auto_instrumentation",
        ("ddtrace-run",): "ddtrace/bootstrap",
    }
    launched = next(folder(variant).glob(f"lib/python*/site-packages/{part.get(variant.launcher, 'none')}"), "")
    return {
        "PATH": f"{folder(variant) / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([*filter(None, [str(launched)]), str(APPS), str(TOOLS)]),
        "PYTHONHASHSEED": "0",
        "BENCH_LOGS": setup,
        "OTEL_SERVICE_NAME": "bench",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "OTEL_BLRP_SCHEDULE_DELAY": "3600000",
        "OTEL_DISTRO_LOG_STREAM": "stdout",
        **variant.variables,
    }


def serve() -> None:
    """Warm the application, then answer few requests and many, each in a child."""
    app = import_module("bench_app").app

    said = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    asyncio.run(_serve(app, SEARCHED + WARM))
    for requests in (FEW, MANY):
        child = os.fork()
        if not child:
            asyncio.run(_serve(app, WARM))
            time.sleep(SETTLED_SECONDS)
            asyncio.run(_serve(app, requests))
            os._exit(0)
        os.waitpid(child, 0)
        os.write(said, f"child {child}\n".encode())
    os._exit(0)


async def _serve(app: Callable[..., Awaitable[None]], requests: int) -> None:
    for number in range(requests):
        await asyncio.create_task(app(_scope(number), _receive, _send))  # type: ignore[arg-type]  # it is a coroutine


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: object) -> None:
    """Take a message to nobody."""


def _scope(number: int) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/items/7",
        "raw_path": b"/items/7",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000 + number % 16),
        "state": {},
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve()
    else:
        main()
