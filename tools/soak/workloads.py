# SPDX-License-Identifier: Apache-2.0
"""The process whose memory is watched: does one thing again and again, under the launcher.

    opentelemetry-instrument python -m soak.workloads requests 1000000 100000

At every so many it writes a line of JSON to stderr and waits for a line on stdin, so that whoever started it can read
/metrics while nothing moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time

import httpx
import structlog

from otel_distro.http.client.httpx import HttpxInstrumentor
from soak.application import any_request, application, serve

Step = Callable[[int], Awaitable[None]]
_TURN = 1000  # steps between two turns of the event loop, whose timers must run as in a server


def requests() -> Step:
    """Serve requests through the middleware, of known and of hostile kinds."""
    app, chance = application(), random.Random(1)

    async def step(_number: int) -> None:
        with contextlib.suppress(RuntimeError):  # /fail raises into the server
            await serve(app, any_request(chance))

    return step


def logs() -> Step:
    """Write lines with structlog and with the standard library, with fields, secrets and tracebacks."""
    structured, standard, chance = structlog.get_logger("soak"), logging.getLogger("soak.standard"), random.Random(1)

    async def step(number: int) -> None:
        text = f"{chance.getrandbits(64):x}"
        if number % 100 == 0:
            try:
                int(text, 2)
            except ValueError:
                structured.exception("failed", number=number)
        elif number % 2:
            structured.info("ordered", number=number, customer=text, password=text, amounts=[1, 2.5, None])
        else:
            standard.warning("order %s of %s", number, text, extra={"customer": text})

    return step


def calls() -> Step:
    """Send requests with httpx to an application in this process, which observes them; one in twenty to a new host."""
    app, chance = application(), random.Random(1)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
    HttpxInstrumentor.instrument_client(client)  # of itself the instrumentor observes httpx's network transports

    async def step(number: int) -> None:
        item = chance.getrandbits(64)
        host = "api.example.com" if number % 20 else f"{item:x}.example.com"
        await client.get(f"http://{host}/items/{item}")

    return step


WORKLOADS = {"requests": requests, "logs": logs, "httpx": calls}


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def repeat(step: Step, total: int, every: int) -> None:
    """Do the step so many times, and report."""
    for number in range(1, total + 1):
        await step(number)
        if number % _TURN == 0:
            await asyncio.sleep(0)
        if number % every == 0:
            report = {"soak": number, "resident": resident_bytes(), "cpu": process_time()}
            print(json.dumps(report), file=sys.stderr, flush=True)
            sys.stdin.readline()


if __name__ == "__main__":
    workload, steps, interval = sys.argv[1:]
    asyncio.run(repeat(WORKLOADS[workload](), int(steps), int(interval)))
