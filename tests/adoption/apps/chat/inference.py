"""The model, played by a list of words."""

import asyncio
import time

import structlog
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from logging_setup import configure_logging
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel
from request_context import RequestContextMiddleware

configure_logging()
logger = structlog.get_logger(__name__)

app = FastAPI(title="inference")
app.add_middleware(RequestContextMiddleware)
Instrumentator().instrument(app).expose(app)


class Prompt(BaseModel):
    text: str


async def words(text: str):
    started = time.perf_counter()
    for word in text.split():
        await asyncio.sleep(0)
        yield word + "\n"
    logger.info("generation complete", inference_time_ms=round((time.perf_counter() - started) * 1000, 2))


@app.post("/generate")
async def generate(prompt: Prompt) -> StreamingResponse:
    if prompt.text == "explode":
        raise RuntimeError("the model is gone")
    logger.info("generation started", prompt_length=len(prompt.text))
    return StreamingResponse(words(prompt.text), media_type="text/plain")
