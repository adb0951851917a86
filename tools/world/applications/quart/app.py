import logging

from quart import Quart, request

app = Quart(__name__)
logger = logging.getLogger("shop")


@app.get("/items/<int:item_id>")
async def item(item_id):
    logger.warning("item %s read", item_id)
    app.logger.warning("read by %s", request.method)
    return {"id": item_id, "q": request.args.get("q")}


@app.post("/items")
async def create():
    return await request.get_json(), 201


@app.delete("/items/<int:item_id>")
async def remove(item_id):
    return "", 204


@app.get("/fails")
async def fails():
    raise ValueError("it fails")
