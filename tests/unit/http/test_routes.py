# SPDX-License-Identifier: Apache-2.0
"""Every request is named after the template that matched, and after nothing that a client chooses."""

import fastapi
import pytest
from starlette.responses import PlainTextResponse
from testbed.asgi import call


def application() -> fastapi.FastAPI:
    app, inner, deep = fastapi.FastAPI(), fastapi.APIRouter(prefix="/inner"), fastapi.APIRouter(prefix="/deep")
    mounted = fastapi.FastAPI()

    async def answer(number: int = 0) -> int:
        return number

    app.get("/items/{number}")(answer)
    inner.get("/{number}")(answer)
    deep.get("/{number}/end")(answer)
    inner.include_router(deep, prefix="/nested")
    app.include_router(inner, prefix="/api/v1")
    mounted.get("/things/{number}")(answer)
    mounted.include_router(deep)
    app.mount("/sub", mounted)
    app.add_route("/plain/{name}", lambda _: PlainTextResponse("plain"))

    @app.middleware("http")
    async def copying(request, call_next):
        return await call_next(request)

    return app


CASES = [
    ("GET", "/items/1", 200, "/items/{number}"),
    ("GET", "/items/x", 422, "/items/{number}"),
    ("GET", "/api/v1/inner/1", 200, "/api/v1/inner/{number}"),
    ("GET", "/api/v1/inner/nested/deep/1/end", 200, "/api/v1/inner/nested/deep/{number}/end"),
    ("GET", "/sub/things/1", 200, "/sub/things/{number}"),
    ("GET", "/sub/deep/1/end", 200, "/sub/deep/{number}/end"),
    ("GET", "/sub/none", 404, "/sub/{path}"),
    ("GET", "/plain/x", 200, "/plain/{name}"),
    ("POST", "/items/1", 405, "/items/{number}"),
    ("GET", "/items/1/", 307, "/items/{number}"),
    ("GET", "/docs", 200, "/docs"),
    ("GET", "/openapi.json", 200, "/openapi.json"),
    ("GET", "/none", 404, None),
]


@pytest.mark.parametrize(("method", "path", "status", "route"), CASES)
def test_a_request_is_named_after_its_template(observed, method, path, status, route):
    exchange = call(application(), method, path)
    span = observed.span()
    assert exchange.status == status == span.attributes["http.response.status_code"]
    assert span.attributes.get("http.route") == route
    assert span.name == (f"{method} {route}" if route else method)
    assert observed.counts("http.request.method", "http.route", "http.response.status_code") == {
        (method, route, status): 1
    }
    assert [event["route"] for event in observed.events] == [route]


def test_a_mounted_application_is_counted_once(observed):
    call(application(), "GET", "/sub/things/1")
    assert [span.kind.name for span in observed.spans()] == ["SERVER"]
    assert sum(observed.counts().values()) == 1


def test_the_root_path_belongs_to_the_route(observed):
    call(application(), "GET", "/base/items/1", root_path="/base")
    assert observed.span().attributes["http.route"] == "/base/items/{number}"


def test_a_name_that_the_application_gives_stays(observed):
    from opentelemetry.trace import get_current_span

    app = fastapi.FastAPI()

    @app.get("/named")
    async def named():
        get_current_span().update_name("mine")

    call(app, "GET", "/named")
    assert observed.span().name == "mine"


def test_unknown_methods_share_a_name_and_a_series(observed):
    app = application()
    for method in ("BREW", "PROPFIND", "x" * 300):
        call(app, method, "/items/1")
    assert {span.name for span in observed.spans()} == {"HTTP /items/{number}"}
    assert observed.counts("http.request.method") == {("_OTHER",): 3}
    assert [len(span.attributes["http.request.method_original"]) for span in observed.spans()] == [4, 8, 128]


def test_native_telemetry_adds_no_second_span(observed):
    app = fastapi.FastAPI(telemetry={"tracing": True, "metrics": True})
    call(app, "GET", "/none")
    assert len(observed.spans()) == 1
    assert len(observed.points("http.server.request.duration")) == 1
