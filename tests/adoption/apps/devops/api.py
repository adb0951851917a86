"""Items."""

import logging

from access_log import AccessLogMiddleware
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI, HTTPException
from logging_config import configure_logging
from prometheus_client import Counter
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel

configure_logging()
logger = logging.getLogger(__name__)

app = FastAPI(title="api")
app.add_middleware(AccessLogMiddleware)
app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID")
Instrumentator().instrument(app).expose(app)

ITEMS_CREATED = Counter("items_created_total", "Items created.")
ITEMS = ["lamp", "broken", "table"]  # no database here: every worker has the same


class Item(BaseModel):
    name: str


@app.get("/")
async def root() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/items", status_code=201)
async def create_item(item: Item) -> dict[str, int]:
    if item.name not in ITEMS:
        raise HTTPException(400, "no such thing")
    number = ITEMS.index(item.name) + 1
    ITEMS_CREATED.inc()
    logger.info("item created", extra={"item_id": number})
    return {"id": number}


@app.get("/items/{item_id}")
async def read_item(item_id: int) -> dict[str, str]:
    if item_id > len(ITEMS):
        raise HTTPException(404, "no such item")
    if ITEMS[item_id - 1] == "broken":
        raise RuntimeError("this item is broken")
    return {"name": ITEMS[item_id - 1]}
