"""Takes audio over websockets, one room each, and sends every chunk on its way."""

from collections import Counter
from contextlib import asynccontextmanager

import redis.asyncio
import structlog
from common import REDIS_URL, new_event, producing
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from prometheus_client import Gauge

logger = structlog.get_logger()
rooms: Counter[str] = Counter()
active_rooms = Gauge("active_rooms_total", "Rooms with somebody in them.", multiprocess_mode="livesum")


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.redis = redis.asyncio.from_url(REDIS_URL, decode_responses=True)
    async with producing() as producer:
        app.state.producer = producer
        yield
    await app.state.redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws/audio/{room_code}")
async def audio(websocket: WebSocket, room_code: str) -> None:
    await websocket.accept()
    rooms[room_code] += 1
    active_rooms.set(len(+rooms))
    try:
        while True:
            chunk = await websocket.receive_text()
            event = new_event("audio", {"room": room_code, "audio": chunk})
            await websocket.app.state.producer.send_and_wait("audio.raw", event)
            await websocket.send_json({"event_id": event["event_id"]})
    except WebSocketDisconnect:
        logger.info("somebody left", room=room_code)
    finally:
        rooms[room_code] -= 1
        active_rooms.set(len(+rooms))


@app.get("/rooms/{room_code}")
async def captions(room_code: str) -> list[str]:
    return await app.state.redis.lrange(f"room:{room_code}", 0, -1)
