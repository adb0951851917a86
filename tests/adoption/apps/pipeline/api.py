"""Rooms in which speech becomes text, another language, and speech again."""

import json
import logging
import uuid
from contextlib import asynccontextmanager

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from prometheus_client import Counter, Gauge
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel
from workers import Workers

logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s", force=True)
logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.workers = Workers()
    await app.state.workers.start()
    yield
    await app.state.workers.stop()


app = FastAPI(title="pipeline", lifespan=lifespan)
app.add_middleware(CorrelationIdMiddleware, header_name="X-Correlation-ID")
Instrumentator().instrument(app).expose(app)

CHUNKS = Counter("pipeline_chunks_total", "Chunks of audio.")
CONNECTIONS = Gauge("active_ws_connections_total", "Open websockets.", ["type"])


class Signup(BaseModel):
    email: str


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.post("/auth/signup", status_code=201)
async def signup(body: Signup) -> dict[str, str]:
    if "@" not in body.email:
        logger.warning("signup refused")
        raise HTTPException(400, "no e-mail address")
    if body.email.startswith("broken"):
        raise RuntimeError("the mail server is gone")
    logger.info("user signed up")
    await app.state.workers.send("mail.outgoing", {"to": body.email})
    return {"user_id": str(uuid.uuid4())}


@app.websocket("/ws/audio/{room_code}")
async def audio(websocket: WebSocket, room_code: str) -> None:
    await websocket.accept()
    CONNECTIONS.labels("audio").inc()
    try:
        while True:
            chunk = await websocket.receive_text()
            CHUNKS.inc()
            await app.state.workers.send("audio.raw", {"audio": chunk})
            logger.info("chunk taken in room %s", room_code)
            await websocket.send_text(json.dumps({"taken": len(chunk)}))
    except WebSocketDisconnect:
        logger.info("left room %s", room_code)
    finally:
        CONNECTIONS.labels("audio").dec()
