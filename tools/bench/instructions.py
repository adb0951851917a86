# SPDX-License-Identifier: Apache-2.0
"""What a request takes by count: instructions, and how often the caches do not have what is wanted (cachegrind).

    tools/bench/instructions.py [part of a variant's name]

In process, without a server. Counts do not move with the machine's load; they are not time, which is mostly spent waiting
for memory. The caches are those of a small cloud machine: 32 KiB for instructions and for data, 512 KiB behind them.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from variants import LAUNCHER, VARIANTS, Variant, folder, make

APPS = Path(__file__).parent / "apps"
FEW, MANY = 200, 700  # what the start takes is the same in both
CACHEGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=/dev/null")
CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")
COUNTS = {"instructions": r"I +refs", "level 1 misses": r"[ID]1 +misses", "level 2 misses": r"LL +misses"}


def main() -> None:
    """Print a line for each variant."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(f"{'per request':52}" + "".join(f"{name:>16}" for name in COUNTS))
    for variant in (each for each in VARIANTS if wanted in each.name and make(each.environment)):
        few, many = counted(variant, FEW), counted(variant, MANY)
        print(f"{variant.name:52}" + "".join(f"{(many[name] - few[name]) // (MANY - FEW):16,}" for name in COUNTS))


def counted(variant: Variant, requests: int) -> dict[str, int]:
    """Return what so many requests took, start included."""
    python = folder(variant) / "bin" / "python"
    command = [*CACHEGRIND, *CACHES, str(python), str(Path(__file__).resolve()), "--serve", str(requests)]
    result = subprocess.run(
        command, env=_environment(variant), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return {name: sum(_numbers(pattern, result.stderr)) for name, pattern in COUNTS.items()}


def _numbers(pattern: str, text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(rf"== {pattern}: +([\d,]+)", text)]


def _environment(variant: Variant) -> dict[str, str]:
    # What the launcher does for its child: a program that it starts by `exec` would be out of cachegrind's sight.
    launched = next(
        folder(variant).glob("lib/python*/site-packages/opentelemetry/instrumentation/auto_instrumentation"), ""
    )
    paths = [str(launched)] if variant.launcher == LAUNCHER else []
    return {
        "PATH": f"{folder(variant) / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([*paths, str(APPS), str(Path(__file__).parent)]),
        "OTEL_SERVICE_NAME": "bench",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
        **variant.variables,
    }


def serve(requests: int) -> None:
    """Answer so many requests and end at once, exporting nothing more."""
    from bench_app import app

    asyncio.run(_serve(app, requests))
    os._exit(0)


async def _serve(app: Callable[..., Awaitable[None]], requests: int) -> None:
    for number in range(requests):
        await asyncio.create_task(app(_scope(number), _receive, _send))


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
        serve(int(sys.argv[2]))
    else:
        main()
