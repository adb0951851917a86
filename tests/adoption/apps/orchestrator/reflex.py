"""The reflex layer: says whether a text may pass. Theirs is in Rust; it reads and echoes a request id."""

import structlog
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

logger = structlog.get_logger(__name__)
app = FastAPI(title="reflex")


class Text(BaseModel):
    text: str


@app.post("/process")
async def process(text: Text, request: Request, response: Response) -> dict[str, str]:
    response.headers["X-Request-ID"] = request.headers.get("X-Request-ID", "none")
    logger.info("text.processed", length=len(text.text))
    return {"verdict": "pass"}
