# SPDX-License-Identifier: Apache-2.0
"""A service that meets strangers: some make things up, some stay, some leave in the middle."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

app = FastAPI()


class SuddenError(BaseException):
    """Passes every `except Exception`."""


@app.api_route("/items/{number}", methods=["GET", "POST"])
async def item(number: str) -> str:
    """Answer whoever asks for whatever."""
    return number


async def page(_: Request) -> PlainTextResponse:
    """Answer a tenant of an older application."""
    return PlainTextResponse("page")


app.mount("/of", Mount("/{tenant}", routes=[Route("/pages/{name}", page)]))


@app.get("/events")
async def events() -> StreamingResponse:
    """Send events without end."""

    async def forever() -> AsyncIterator[str]:
        while True:
            yield "data: x\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(forever(), media_type="text/event-stream")


@app.get("/sudden")
async def sudden() -> None:
    """Raise what nothing of the framework catches."""
    raise SuddenError


@app.get("/cancelled")
async def cancelled() -> None:
    """Be cancelled while at work, as by a time limit further out."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(60)


@app.get("/calls/{number}")
async def calls(number: int) -> int:
    """Call so many hosts, none of which answers; what is asked for decides whom this service calls."""
    refused = 0
    async with httpx.AsyncClient() as client:
        for host in range(number):
            try:
                await client.get(f"http://127.{host // 62500}.{host // 250 % 250}.{host % 250 + 1}:1/")
            except httpx.TransportError:
                refused += 1
    return refused


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send each message back."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)
