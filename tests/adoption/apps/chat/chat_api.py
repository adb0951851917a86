"""Conversations: asks who is speaking, then streams what the model answers as server-sent events."""

import os

import httpx
import structlog
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import StreamingResponse
from logging_setup import configure_logging, user_id_var
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel
from request_context import RequestContextMiddleware

configure_logging()
logger = structlog.get_logger(__name__)

app = FastAPI(title="chat-api")
app.add_middleware(RequestContextMiddleware)
Instrumentator().instrument(app).expose(app)

AUTH_URL, INFERENCE_URL = os.environ["AUTH_URL"], os.environ["INFERENCE_URL"]


class Message(BaseModel):
    text: str


async def user_of(authorization: str) -> str:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{AUTH_URL}/me", headers={"Authorization": authorization})
    if answer.status_code != 200:
        raise HTTPException(401, "unauthorized")
    return answer.json()["user_id"]


async def events(text: str):
    async with httpx.AsyncClient() as client:
        async with client.stream("POST", f"{INFERENCE_URL}/generate", json={"text": text}) as answer:
            answer.raise_for_status()
            async for word in answer.aiter_lines():
                yield f"data: {word}\n\n"
    logger.info("answer streamed")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/conversations/{conversation_id}/messages")
async def post_message(conversation_id: str, message: Message, authorization: str = Header("")) -> StreamingResponse:
    user = await user_of(authorization)
    user_id_var.set(user)
    logger.info("message received", conversation_id=conversation_id)
    if message.text == "unlucky":
        raise RuntimeError("no answer to this")
    return StreamingResponse(events(message.text), media_type="text/event-stream")
