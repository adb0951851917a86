"""One small API behind each way in which people give requests an id, all in one process: /<way>/ is each one's root."""

import logging
import uuid
from contextvars import ContextVar

import httpx
import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from asgi_request_id import RequestIdMiddleware, request_id_ctx_var
from fastapi import Depends, FastAPI, Request, Response, WebSocket
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette_context import context, plugins
from starlette_context.middleware import RawContextMiddleware

logger = logging.getLogger("ids")
events = structlog.get_logger("ids")

request_id_var: ContextVar[str] = ContextVar("request_id", default="-")
request_id_ctx: ContextVar[str | None] = ContextVar("app.request_id_ctx_var", default=None)
log_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})
correlation: ContextVar[str] = ContextVar("correlationId")
trace: ContextVar[str] = ContextVar("trace_id")
request_id_var.set("none-yet")  # as an application does at its start


def new_id() -> str:
    return f"req-{uuid.uuid4().hex[:12]}"


class Adopts(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request_id_var.set(request.headers.get("x-request-id") or new_id())
        response = await call_next(request)
        response.headers["x-request-id"] = request_id_var.get()
        return response


class Mints(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request_id_var.set(new_id())
        response = await call_next(request)
        response.headers["x-request-id"] = request_id_var.get()
        return response


class MintsAtTheWire:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        token = request_id_ctx.set(new_id())
        told = request_id_ctx.get()

        async def send_with_id(message):
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message)["X-Request-ID"] = told
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            request_id_ctx.reset(token)


class Refuses(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if len(given) == 36 else str(uuid.uuid4())
        response = await call_next(request)
        response.headers["x-request-id"] = request.state.request_id
        return response


async def replaces(request: Request, call_next):
    log_context.set({"request_id": f"gateway-{new_id()}", "tenant": "acme"})
    response = await call_next(request)
    response.headers["X-Request-ID"] = log_context.get()["request_id"]
    return response


async def binds(request: Request, call_next):
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=new_id())
    response = await call_next(request)
    response.headers["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
    return response


class Silent:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        request_id_var.set(new_id())
        await self.app(scope, receive, send)


class Correlates(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        correlation.set(uuid.uuid4().hex)
        response = await call_next(request)
        response.headers["x-correlation-id"] = correlation.get()
        return response


class Traces(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        trace.set(uuid.uuid4().hex)
        response = await call_next(request)
        response.headers["x-trace-id"] = trace.get()
        return response


async def depends(request: Request, response: Response) -> None:
    request_id_var.set(request.headers.get("x-request-id") or new_id())
    response.headers["X-Request-ID"] = request_id_var.get()


def structlogs_id(_request) -> str:
    return structlog.contextvars.get_contextvars()["request_id"]


# A way -> what it needs of an application, and how its author reads the id.
OWN = request_id_var.get
WAYS = {
    "none": (lambda app: None, None),
    "adopts": (lambda app: app.add_middleware(Adopts), lambda _: OWN()),
    "mints": (lambda app: app.add_middleware(Mints), lambda _: OWN()),
    "mints_at_the_wire": (lambda app: app.add_middleware(MintsAtTheWire), lambda _: request_id_ctx.get()),
    "refuses": (lambda app: app.add_middleware(Refuses), lambda request: request.state.request_id),
    "replaces": (lambda app: app.middleware("http")(replaces), lambda _: log_context.get()["request_id"]),
    "binds": (lambda app: app.middleware("http")(binds), structlogs_id),
    "outside": (lambda app: None, lambda _: request_id_ctx.get()),
    "silent": (lambda app: app.add_middleware(Silent), lambda _: OWN()),
    "correlates": (lambda app: app.add_middleware(Correlates), lambda _: correlation.get()),
    "traces": (lambda app: app.add_middleware(Traces), lambda _: trace.get()),
    "depends": (lambda app: app.router.dependencies.append(Depends(depends)), lambda _: OWN()),
    "asgi_correlation_id": (lambda app: app.add_middleware(CorrelationIdMiddleware), lambda _: correlation_id.get()),
    "asgi_request_id": (lambda app: app.add_middleware(RequestIdMiddleware), lambda _: request_id_ctx_var.get()),
    "starlette_context": (
        lambda app: app.add_middleware(RawContextMiddleware, plugins=(plugins.RequestIdPlugin(),)),
        lambda _: context["X-Request-ID"],
    ),
    "starlette_context_forced": (
        lambda app: app.add_middleware(
            RawContextMiddleware, plugins=(plugins.RequestIdPlugin(force_new_uuid=True), plugins.UserAgentPlugin())
        ),
        lambda _: context["X-Request-ID"],
    ),
}


def application(way: str) -> FastAPI:
    prepare, own_id = WAYS[way]
    app = FastAPI()
    prepare(app)

    @app.websocket(f"/{way}/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        logger.info("talking")
        events.info("talked")
        await socket.close()

    @app.get(f"/{way}/")
    async def root(request: Request, fail: bool = False) -> dict[str, str | None]:
        logger.info("asking")
        async with httpx.AsyncClient() as client:
            told = await client.get(f"http://localhost:{request.url.port}/behind")
        events.info("asked")
        if fail:
            raise RuntimeError("after all")
        return {"own": own_id(request) if own_id else None, "behind": told.text}

    return app


async def behind(scope, receive, send):
    """Another service, which says what it was sent."""
    headers = Headers(scope=scope)
    told = " ".join(headers.get(name, "-") for name in ("x-request-id", "x-correlation-id", "x-trace-id"))
    await PlainTextResponse(told)(scope, receive, send)


APPS = {way: application(way) for way in WAYS}
APPS["outside"] = MintsAtTheWire(application("outside"))


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return None
    way = scope["path"].split("/")[1]
    await APPS.get(way, behind)(scope, receive, send)
