# SPDX-License-Identifier: Apache-2.0
"""Whatever is mounted in whatever, a request is named after the whole template, and after nothing that a client chooses."""

import asyncio

import fastapi
import pytest
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute
from testbed.asgi import call, scope

from otel_distro.http import instrumentors
from otel_distro.http.server import mounts


def fast(*routers: fastapi.APIRouter, **mounted) -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.get("/items/{number}")
    async def item(number: int):
        return number

    @app.get("/files/{path:path}")
    async def file(path: str):
        return path

    for router in routers:
        app.include_router(router, prefix="/included")
    for path, inner in mounted.items():
        app.mount(f"/{path}", inner)
    return app


async def page(request):
    return PlainTextResponse("page")


async def chat(websocket):
    await websocket.accept()
    await websocket.close()


async def passing(request, call_next):
    return await call_next(request)


class Copying:
    """A middleware that gives the application a scope of its own."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(dict(scope), receive, send)


def plain(*mounted) -> Starlette:
    routes = [Route("/page/{name}", page), WebSocketRoute("/chat/{room}", chat), *mounted]
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=passing)])


@pytest.fixture
def application(observed, tmp_path) -> fastapi.FastAPI:
    (tmp_path / "style.css").write_text("body {}")
    tenants = Mount("/of/{tenant}", routes=[Route("/y/{id:int}", page, methods=["GET"]), Mount("/api", fast())])
    routed = fastapi.APIRouter()
    routed.mount("/old", plain())
    app = fast(routed, fast=fast(deep=fast()), plain=plain(tenants, Mount("/static", StaticFiles(directory=tmp_path))))
    app.mount("/x/{shop}", Router([Route("/y/{id}", page), Route("/", page)]))
    app.mount("/bare", Mount("/{tenant}", routes=[Route("/y/{id}", page)]))
    app.mount("/copied", Copying(plain(Mount("/again", Copying(fast())))))
    app.mount("/static", StaticFiles(directory=tmp_path))
    return app


CASES = [
    ("GET /plain/page/1", 200, "/plain/page/{name}"),
    ("POST /plain/page/1", 405, "/plain/page/{name}"),
    ("GET /plain/page/1/", 307, "/plain/{path}"),
    ("GET /plain/none", 404, "/plain/{path}"),
    ("GET /plain/of/secret/y/1", 200, "/plain/of/{tenant}/y/{id}"),
    ("GET /plain/of/secret/none", 404, "/plain/of/{tenant}/{path}"),
    ("GET /plain/of/secret/api/items/1", 200, "/plain/of/{tenant}/api/items/{number}"),
    ("GET /plain/of/secret/api/items/x", 422, "/plain/of/{tenant}/api/items/{number}"),
    ("GET /plain/of/secret/api/files/a/b", 200, "/plain/of/{tenant}/api/files/{path}"),
    ("GET /plain/of/secret/api/none", 404, "/plain/of/{tenant}/api/{path}"),
    ("GET /fast/items/1", 200, "/fast/items/{number}"),
    ("GET /fast/deep/items/1", 200, "/fast/deep/items/{number}"),
    ("GET /fast/deep/files/a/b", 200, "/fast/deep/files/{path}"),
    ("GET /included/old/page/1", 200, "/included/old/page/{name}"),
    ("GET /x/secret/y/1", 200, "/x/{shop}/y/{id}"),
    ("GET /x/secret/", 200, "/x/{shop}/"),
    ("GET /bare/secret/y/1", 200, "/bare/{tenant}/y/{id}"),
    ("GET /bare/secret/none", 404, "/bare/{tenant}/{path}"),
    ("GET /copied/again/items/1", 200, "/copied/again/items/{number}"),
    ("GET /static/style.css", 200, "/static/{path}"),
    ("GET /static/none.css", 404, "/static/{path}"),
    ("GET /plain/static/style.css", 200, "/plain/static/{path}"),
]


@pytest.mark.parametrize(("request_line", "status", "route"), CASES)
def test_a_request_is_named_after_the_whole_template(observed, application, request_line, status, route):
    method, path = request_line.split()
    exchange = call(application, method, path)
    span = observed.span()
    assert (exchange.status, span.attributes["http.route"], span.name) == (status, route, f"{method} {route}")
    assert observed.counts("http.route", "http.response.status_code") == {(route, status): 1}
    assert [event["route"] for event in observed.events] == [route]


@pytest.mark.parametrize(
    ("path", "root_path", "route"),
    [
        ("/shops/secret/items/1", "", "/shops/{shop}/items/{number}"),
        ("/base/shops/secret/items/1", "/base", "/base/shops/{shop}/items/{number}"),
        ("/shops/secret/old/page/1", "", "/shops/{shop}/old/page/{name}"),
        ("/shops/secret/none", "", None),
    ],
)
def test_an_application_is_named_after_the_mounts_around_it(observed, path, root_path, route):
    inner = fast(old=plain())
    outer = Starlette(routes=[Mount("/shops", routes=[Mount("/{shop}", inner)])])
    call(outer, "GET", path, root_path=root_path)
    assert observed.span().attributes.get("http.route") == route
    assert list(observed.counts("http.route")) == [(route,)]


def test_a_failure_inside_a_mount_is_counted_under_its_template(observed):
    async def broken(request):
        raise ValueError("broken")

    app = fast(plain=Starlette(routes=[Route("/broken/{name}", broken)]))
    with pytest.raises(ValueError, match="broken"):
        call(app, "GET", "/plain/broken/1")
    assert observed.counts("http.route", "http.response.status_code") == {("/plain/broken/{name}", 500): 1}


def test_a_websocket_inside_a_mount_is_named_after_its_template(observed, application):
    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        """Take what the client would get."""

    connection = {**scope(path="/plain/chat/tea"), "type": "websocket", "scheme": "ws", "subprotocols": []}
    asyncio.run(application(connection, receive, send))
    assert observed.span().attributes["http.route"] == "/plain/chat/{room}"


def test_a_hundred_tenants_are_one_series(observed, application):
    for number in range(100):
        call(application, "GET", f"/plain/of/tenant-{number}/y/1")
    assert observed.counts("http.route") == {("/plain/of/{tenant}/y/{id}",): 100}


def test_uninstrumented_mounts_are_starlettes_again(observed):
    assert Mount.handle is mounts._followed
    instrumentor = instrumentors.replace("fastapi")()
    instrumentor.uninstrument()
    assert Mount.handle is mounts._handle
    instrumentor.instrument(**observed.providers)
