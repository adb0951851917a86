# SPDX-License-Identifier: Apache-2.0
"""Applications around and inside an observed one: what answers outside of it, and what mints ids inside."""

import asyncio
import uuid

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

api = FastAPI()


@api.get("/items/{number}")
async def item(number: str) -> str:
    """Answer."""
    return number


@api.get("/slow")
async def slow() -> str:
    """Work on the answer, whoever waits for it."""
    await asyncio.sleep(1)
    return "late"


@api.get("/stream")
async def stream() -> StreamingResponse:
    """Send parts without end."""

    async def forever():  # type: ignore[no-untyped-def]
        while True:
            yield b"part"
            await asyncio.sleep(0.02)

    return StreamingResponse(forever())


@api.websocket("/talk")
async def talk(websocket: WebSocket) -> None:
    """Listen until the other side leaves."""
    await websocket.accept()
    while True:
        await websocket.receive_text()


async def home(_: Request) -> PlainTextResponse:
    """Answer outside of the observed application."""
    return PlainTextResponse("home")


outer = Starlette(routes=[Route("/home", home), Mount("/", api)])
crossed = CORSMiddleware(api, allow_origins=["*"])


class Minting(BaseHTTPMiddleware):
    """A request id as it is written by hand everywhere."""

    async def dispatch(self, request, call_next):  # type: ignore[no-untyped-def]
        """Adopt or mint an id; tell it."""
        told = request.headers.get(self.name) or self.mint()
        response = await call_next(request)
        response.headers[self.name] = told
        return response

    name = "x-request-id"

    @staticmethod
    def mint() -> str:
        """Return an id of this middleware's own form."""
        return f"req_{uuid.uuid4().hex}"


class Insisting(Minting):
    """The same, believing nobody."""

    async def dispatch(self, request, call_next):  # type: ignore[no-untyped-def]
        """Mint an id; tell it."""
        response = await call_next(request)
        response.headers[self.name] = self.mint()
        return response


minting, insisting = FastAPI(), FastAPI()
for application, kind in ((minting, Minting), (insisting, Insisting)):
    application.add_middleware(kind)
    application.get("/items/{number}")(item)
