# SPDX-License-Identifier: Apache-2.0
"""An application that takes its time to start, has a slow request, a check and a route `/health` of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

import otel_distro.health

GATE = Path("gate")  # it has started when this file is there, and ends its slow requests when it is gone


async def until(is_open: bool) -> None:
    while GATE.exists() is not is_open:  # noqa: ASYNC110, ASYNC240  another process tells by a file
        await asyncio.sleep(0.02)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await until(True)
    yield


app = FastAPI(lifespan=lifespan)


@otel_distro.health.check("payments")
async def payments() -> None:
    if Path("broken").exists():  # noqa: ASYNC240
        raise RuntimeError("no payments")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "the application's own"}


@app.get("/slow")
async def slow() -> dict[str, str]:
    Path("slow").touch()  # noqa: ASYNC240
    await until(False)
    return {}
