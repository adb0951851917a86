"""An application that instruments by hand, in as many ways as people do; BY_HAND says which."""

import os

import httpx
from fastapi import FastAPI, Request
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider

by_hand = os.environ["BY_HAND"].split("+")

if "provider" in by_hand:
    trace.set_tracer_provider(TracerProvider())
if "httpx" in by_hand:
    HTTPXClientInstrumentor().instrument()
if "fastapi" in by_hand:
    FastAPIInstrumentor().instrument()

app = FastAPI()
client = httpx.AsyncClient()

if "client" in by_hand:
    HTTPXClientInstrumentor.instrument_client(client)
if "app" in by_hand:
    FastAPIInstrumentor.instrument_app(app)


@app.get("/")
async def outer(request: Request) -> int:
    if "late" in by_hand:
        HTTPXClientInstrumentor().instrument()
        HTTPXClientInstrumentor.instrument_client(client)
    return (await client.get(f"{request.base_url}inner")).status_code


@app.get("/inner")
async def inner() -> None:
    pass
