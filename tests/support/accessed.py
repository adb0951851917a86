# SPDX-License-Identifier: Apache-2.0
"""A service whose requests end in all the ways in which requests end."""

import asyncio

from fastapi import FastAPI, HTTPException, Request, WebSocket

app = FastAPI()


@app.get("/items/{number}")
async def item(number: int) -> int:
    """Answer."""
    return number


@app.get("/health")
async def health() -> str:
    """Answer what nobody wants to read about."""
    return "ok"


@app.get("/broken")
async def broken() -> None:
    """Raise what nobody catches."""
    raise ValueError("broken on purpose")


@app.get("/refused")
async def refused() -> None:
    """Refuse."""
    raise HTTPException(403)


@app.get("/slow")
async def slow() -> None:
    """Answer late."""
    await asyncio.sleep(0.1)


@app.get("/forever")
async def forever(request: Request) -> None:
    """Wait until the client is gone, and then answer nobody."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise asyncio.CancelledError


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send each message back, after longer than a request may take."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await asyncio.sleep(0.1)
        await websocket.send_text(text)
