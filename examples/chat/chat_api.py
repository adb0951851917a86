# SPDX-License-Identifier: Apache-2.0
"""A chat service. It calls the inference service, logs, counts, and says nothing about telemetry set-up."""

import os

import httpx
import structlog
from fastapi import FastAPI, HTTPException
from opentelemetry import metrics, trace
from prometheus_client import Gauge
from pydantic import BaseModel

app = FastAPI(title="chat_api")
log = structlog.get_logger()
tracer = trace.get_tracer("chat_api")
messages = metrics.get_meter("chat_api").create_counter("chat.messages", description="Messages that got an answer.")
active_rooms = Gauge("active_rooms_total", "Rooms with at least one message.")
inference = httpx.AsyncClient(base_url=os.environ.get("INFERENCE_URL", "http://127.0.0.1:8001"))
rooms: dict[str, list[str]] = {}


class Message(BaseModel):
    text: str
    user_id: str


@app.post("/rooms/{room}/messages")
async def post_message(room: str, message: Message):
    log.info("message received", room=room, user_id=message.user_id)
    with tracer.start_as_current_span("moderate") as span:
        span.set_attribute("chat.message.length", len(message.text))
        words = message.text.split()
    answer = await inference.post("/generate", json={"prompt": " ".join(words)})
    if answer.is_error:
        log.error("no answer", room=room, inference_status=answer.status_code)
        raise HTTPException(502, "The inference service did not answer.")
    rooms.setdefault(room, []).append(message.text)
    active_rooms.set(len(rooms))
    messages.add(1, {"room.kind": "public"})
    return {"room": room, "answer": answer.json()["text"]}


@app.get("/rooms/{room}/messages")
async def list_messages(room: str):
    if room not in rooms:
        raise HTTPException(404, f"There is no room {room}.")
    return rooms[room]


@app.delete("/rooms/{room}")
async def delete_room(room: str):
    raise RuntimeError(f"cannot delete {room}: the archive is not mounted")
