# SPDX-License-Identifier: Apache-2.0
"""The application that every variant serves: a path parameter, two log events by the set-up of `BENCH_LOGS`, no I/O."""

import os

from fastapi import FastAPI
from log_setups import SETUPS

events = SETUPS[os.environ.get("BENCH_LOGS", "never configured")]()
app = FastAPI()


async def other(item_id: int) -> dict[str, int]:
    """Answer on the routes that only make the table longer."""
    return {"id": item_id}


for number in range(int(os.environ.get("BENCH_ROUTES", "0"))):
    app.get(f"/other{number}/{{item_id}}")(other)


@app.get("/items/{item_id}")
async def item(item_id: int) -> dict[str, int]:
    """Answer after two events."""
    events(item_id)
    return {"id": item_id}


if os.environ.get("BENCH_METRICS_ONLY"):  # the metrics-only stack that people run today
    from asgi_correlation_id import CorrelationIdMiddleware
    from prometheus_fastapi_instrumentator import Instrumentator

    app.add_middleware(CorrelationIdMiddleware)
    Instrumentator().instrument(app).expose(app)
