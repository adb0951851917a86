import logging

from sanic import Sanic, json

app = Sanic("shop")
logger = logging.getLogger("shop")


@app.get("/items/<item_id:int>")
async def item(request, item_id):
    logger.warning("item %s read", item_id)
    return json({"id": item_id, "q": request.args.get("q")})


@app.post("/items")
async def create(request):
    return json(request.json, 201)


@app.delete("/items/<item_id:int>")
async def remove(request, item_id):
    return json(None, 204)


@app.get("/fails")
async def fails(request):
    raise ValueError("it fails")
