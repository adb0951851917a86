# SPDX-License-Identifier: Apache-2.0
"""What middlewares of the application's have bound for a request, and what only looks like it."""

import uuid
from contextvars import ContextVar, copy_context

import fastapi
import pytest
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from testbed.asgi import call

from otel_distro.ground.request_ids import current
from otel_distro.http.server.bound_ids import BoundIds, OutsideIds, squashed
from otel_distro.http.server.request import OBSERVED_KEY

SAME = ["request_id", "X-Request-ID", "requestId", "_request_id_ctx_var", "request_id_var", "app.request_id"]
SAME += ["structlog_request_id", "x_request_id", "request_id_contextvar", "current_request_id", "my:request_id_ctx"]
bound: ContextVar[object] = ContextVar("request_id")
bound_dict: ContextVar[object] = ContextVar("whatever")


class Binds:
    """A middleware that sets a variable before it calls the application."""

    def __init__(self, app, variable, value):
        self.app, self.variable, self.value = app, variable, value

    async def __call__(self, scope, receive, send):
        self.variable.set(self.value)
        await self.app(scope, receive, send)


def served(*middleware, headers=()):
    """Return the ids of a request in its handler, and what its client got."""
    app = fastapi.FastAPI()
    for kind, options in middleware:
        app.add_middleware(kind, **options)
    seen = []

    @app.get("/")
    async def ids():
        seen.append(dict(current.get()))

    exchange = call(app, headers=list(headers))
    assert exchange.status == 200
    assert not any(each.cls is BoundIds for each in app.user_middleware)
    return seen[0], exchange.headers


@pytest.mark.parametrize("name", SAME)
def test_one_name_in_all_of_its_spellings(name):
    assert squashed(name) == "requestid"


@pytest.mark.parametrize(
    "name", ["request", "requests_id_count", "upstream_request_id", "id", "request_ids", "", "_ctx"]
)
def test_other_names_are_other_names(name):
    assert squashed(name) != "requestid"


@pytest.mark.parametrize("value", ["mine-1", uuid.UUID(int=7)])
@pytest.mark.parametrize("in_dict", [False, True])
def test_what_is_bound_is_the_requests(observed, value, in_dict):
    variable, bind = (bound_dict, {"X-Request-ID": value}) if in_dict else (bound, value)
    ids, headers = served((Binds, {"variable": variable, "value": bind}), headers=[(b"x-request-id", b"theirs")])
    assert ids["request_id"] == str(value) != ids["correlation_id"]
    assert headers[b"x-request-id"] == str(value).encode()
    assert observed.events[0]["ids"]["request_id"] == str(value)
    assert observed.span().attributes["http.response.header.x-request-id"] == (str(value),)


NOTHING = ["", "-", "None", "unknown", "n/a", None, 7, b"mine", "two words", "x" * 129, "\x1b[31m", ["mine"], object()]


@pytest.mark.parametrize("value", NOTHING)
def test_what_is_no_id_changes_nothing(observed, value):
    ids, headers = served((Binds, {"variable": bound, "value": value}))
    assert len(set(ids.values())) == 1
    assert headers[b"x-request-id"].decode() == ids["request_id"]
    assert not [name for name in observed.span().attributes if name.startswith("http.response.header")]


def test_what_was_there_before_any_request_is_bound_by_none(observed):
    def since_start():
        bound.set("since-start")
        return served((Binds, {"variable": bound_dict, "value": {}}))

    ids, _ = copy_context().run(since_start)
    assert ids["request_id"] == ids["correlation_id"]


def test_a_huge_or_foreign_dict_is_not_read(observed):
    huge = {str(number): "x" for number in range(100)} | {"request_id": "mine-1"}
    ids, _ = served((Binds, {"variable": bound_dict, "value": huge}))
    assert ids["request_id"] == ids["correlation_id"]


def test_frameworks_own_middlewares_bind_nothing_so_nobody_looks(observed, monkeypatch):
    built = []
    monkeypatch.setattr(BoundIds, "__init__", lambda self, app: built.append(app))
    served((CORSMiddleware, {"allow_origins": ["*"]}))
    assert built == []


def test_one_of_starlettes_base_does(observed):
    async def dispatch(request, call_next):
        request.state.request_id = "mine-1"
        return await call_next(request)

    ids, _ = served((BaseHTTPMiddleware, {"dispatch": dispatch}), (CORSMiddleware, {"allow_origins": ["*"]}))
    assert ids["request_id"] == "mine-1"


def test_middlewares_that_are_added_after_an_attempt_to_build_are_built(observed):
    app = fastapi.FastAPI()
    app.add_middleware(Binds, variable=bound, value="first-1")
    app.add_middleware(Binds, variable=bound_dict, value={})
    before = list(app.user_middleware)
    assert call(app, headers=[]).status == 404
    assert app.user_middleware == before


def outside(app):
    """Return an application in a middleware that its author has put around it, and asks for `mine-<number>`."""
    numbers = iter(range(10_000))

    async def around(scope, receive, send):
        mine = f"mine-{next(numbers)}"
        bound.set(mine)

        async def send_with_id(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-request-id", mine.encode())]}
            await send(message)

        await app(scope, receive, send_with_id)

    return around


def test_what_stands_around_the_application_tells_its_id_by_itself(observed):
    app = fastapi.FastAPI()
    seen = []

    @app.get("/")
    async def ids():
        seen.append(dict(current.get()))

    around = outside(app)
    for number in range(3):
        exchange = copy_context().run(call, around, headers=[])
        told = [value for name, value in exchange.sent[0]["headers"] if name == b"x-request-id"]
        if number:  # what the first one has found there may have been there before
            assert (told, seen[-1]["request_id"]) == ([f"mine-{number}".encode()], f"mine-{number}")


def test_nobody_looks_for_ever_where_nothing_is_bound():
    looking = OutsideIds()
    token = current.set({"request_id": "a", "correlation_id": "a"})
    for _ in range(1000):
        left = looking.take({OBSERVED_KEY: []})
    current.reset(token)
    assert left is None
