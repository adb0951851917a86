import logging

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

logger = logging.getLogger(__name__)


async def item(request):
    logger.warning("item %s read", request.path_params["item_id"])
    if request.method == "DELETE":
        return Response(status_code=204)
    task = BackgroundTask(logger.warning, "after the answer")
    return JSONResponse({"id": request.path_params["item_id"], "q": request.query_params.get("q")}, background=task)


async def create(request):
    return JSONResponse(await request.json(), 201)


async def fails(request):
    raise ValueError("it fails")


app = Starlette(
    routes=[
        Route("/items/{item_id:int}", item, methods=["GET", "DELETE"]),
        Route("/items", create, methods=["POST"]),
        Route("/fails", fails),
    ],
    middleware=[Middleware(CORSMiddleware, allow_origins=["*"]), Middleware(GZipMiddleware, minimum_size=1)],
)
