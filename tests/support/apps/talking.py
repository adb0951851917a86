# SPDX-License-Identifier: Apache-2.0
"""Websockets of several kinds, also of an application that is mounted."""

import os

from fastapi import FastAPI, WebSocket

app, inner = FastAPI(), FastAPI()


async def serve(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(os.getpid()))
    async for text in websocket.iter_text():
        if text == "break":
            raise RuntimeError("broken")


@app.websocket("/ws/audio/{room}")
async def audio(websocket: WebSocket, room: str) -> None:
    await serve(websocket)


@app.websocket("/ws/refused/{room}")
async def refused(websocket: WebSocket, room: str) -> None:
    await websocket.close()


@inner.websocket("/captions/{room}")
async def captions(websocket: WebSocket, room: str) -> None:
    await serve(websocket)


@app.get("/count")
async def count() -> dict[str, int]:
    return {"pid": os.getpid()}


app.mount("/inner", inner)
