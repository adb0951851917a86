# SPDX-License-Identifier: Apache-2.0
"""An application with every kind of route that a request can meet."""

from collections.abc import Iterator
from typing import Any

import fastapi
from fastapi import APIRouter, BackgroundTasks, HTTPException, WebSocket
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

NO_TELEMETRY_OF_ITS_OWN = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def build() -> fastapi.FastAPI:
    """Build the application; instrumented by whoever has patched `fastapi.FastAPI`."""
    app = fastapi.FastAPI(telemetry=NO_TELEMETRY_OF_ITS_OWN)
    _answers(app)
    _failures(app)
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/{number}", _echo, methods=["GET", "POST"])
    outer = APIRouter(prefix="/api/v1")
    outer.include_router(inner)
    app.include_router(outer)
    app.router.routes.append(Route("/plain/{name}", _plain))
    app.mount(
        "/starlette", Starlette(routes=[Route("/{name}", _plain), Mount("/deep", routes=[Route("/{name}", _plain)])])
    )
    return app


async def _echo(number: int) -> dict[str, Any]:
    return {"number": number}


async def _plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["name"])


def _answers(app: fastapi.FastAPI) -> None:
    app.add_api_route("/items/{number}", _echo, methods=["GET", "PUT", "DELETE", "HEAD"])

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            yield from (b"part" * 100 for _ in range(5))

        return StreamingResponse(parts())

    @app.post("/background")
    async def background(tasks: BackgroundTasks) -> dict[str, bool]:
        tasks.add_task(lambda: None)
        return {"queued": True}

    @app.websocket("/rooms/{name}")
    async def room(websocket: WebSocket, name: str) -> None:
        await websocket.accept()
        await websocket.send_text(f"{name}: {await websocket.receive_text()}")
        await websocket.close()


def _failures(app: fastapi.FastAPI) -> None:
    @app.get("/unavailable")
    async def unavailable() -> None:
        raise HTTPException(503, "later")

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("broken")

    @app.get("/broken-stream")
    async def broken_stream() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            yield b"first"
            raise ValueError("broken after the first byte")

        return StreamingResponse(parts())
