# SPDX-License-Identifier: Apache-2.0
"""An application that counts what it serves, with OpenTelemetry and with prometheus_client."""

import asyncio
import os
import time

import prometheus_client
from fastapi import FastAPI
from opentelemetry import metrics

app = FastAPI()
orders = metrics.get_meter("counted").create_counter("orders", unit="{order}", description="Orders.")
items = prometheus_client.Counter("items_created", "Items.")
latency = prometheus_client.Histogram("llm_api_latency_seconds", "Latency.", ["model"])
rooms = prometheus_client.Gauge("active_rooms", "Rooms.")
tasks = prometheus_client.Gauge("tasks_in_progress", "Tasks.", multiprocess_mode="livesum")


@app.get("/count")
async def count() -> dict[str, int]:
    orders.add(1)
    items.inc()
    latency.labels("small").observe(0.5)
    rooms.set(1)
    tasks.inc()
    return {"pid": os.getpid()}


@app.get("/block")
async def block(seconds: float) -> dict[str, int]:
    time.sleep(seconds)  # noqa: ASYNC251  # an event loop that stands still is what this is for
    return {"pid": os.getpid()}


@app.get("/fork")
async def fork() -> dict[str, int]:
    """Count once more in a forked child that ends without a word."""
    child = os.fork()
    if not child:
        orders.add(1)
        items.inc()
        time.sleep(0.2)  # noqa: ASYNC251 - a forked child has no loop to give way to
        os._exit(0)
    while os.waitpid(child, os.WNOHANG) == (0, 0):  # noqa: ASYNC110, ASYNC222 - it does not block, and tells no event
        await asyncio.sleep(0.02)
    return {"pid": child}
