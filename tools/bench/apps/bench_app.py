# SPDX-License-Identifier: Apache-2.0
"""The application that every variant serves: a path parameter, two structlog events as JSON, no I/O."""

import logging
import os

import orjson
import structlog
from fastapi import FastAPI

if os.environ.get("BENCH_STRUCTLOG", "configured") == "configured":  # as services set it up today
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
log = structlog.get_logger()
app = FastAPI()


async def other(item_id: int) -> dict[str, int]:
    """Answer on the routes that only make the table longer."""
    return {"id": item_id}


for number in range(int(os.environ.get("BENCH_ROUTES", "0"))):
    app.get(f"/other{number}/{{item_id}}")(other)


@app.get("/items/{item_id}")
async def item(item_id: int) -> dict[str, int]:
    """Answer after two events."""
    log.info("item requested", item_id=item_id)
    log.info("item found", item_id=item_id, price=12)
    return {"id": item_id}


if os.environ.get("BENCH_METRICS_ONLY"):  # the metrics-only stack that people run today
    from asgi_correlation_id import CorrelationIdMiddleware
    from prometheus_fastapi_instrumentator import Instrumentator

    app.add_middleware(CorrelationIdMiddleware)
    Instrumentator().instrument(app).expose(app)
