# SPDX-License-Identifier: Apache-2.0
"""An inference service: it pretends to think, and logs how long that took."""

import asyncio
import random
import time

import structlog
from fastapi import FastAPI, HTTPException
from prometheus_client import Histogram
from pydantic import BaseModel

app = FastAPI(title="inference")
log = structlog.get_logger()
latency = Histogram("llm_api_latency_seconds", "Time the model took.", ["provider", "model"])


class Prompt(BaseModel):
    prompt: str


@app.post("/generate")
async def generate(prompt: Prompt):
    if not prompt.prompt:
        log.warning("empty prompt refused")
        raise HTTPException(422, "The prompt is empty.")
    started = time.perf_counter()
    await asyncio.sleep(random.triangular(0.005, 0.120, 0.015))
    seconds = time.perf_counter() - started
    latency.labels("example", "parrot-1").observe(seconds)
    log.info("answer generated", inference_time_ms=round(seconds * 1000, 1), model="parrot-1")
    return {"text": f"You said: {prompt.prompt}"}
