import logging

from litestar import Litestar, delete, get, post

logger = logging.getLogger(__name__)


@get("/items/{item_id:int}")
async def item(item_id: int, q: str | None = None) -> dict:
    logger.warning("item %s read", item_id)
    return {"id": item_id, "q": q}


@post("/items")
async def create(data: dict) -> dict:
    return data


@delete("/items/{item_id:int}")
async def remove(item_id: int) -> None:
    return None


@get("/fails")
async def fails() -> None:
    raise ValueError("it fails")


app = Litestar([item, create, remove, fails])
