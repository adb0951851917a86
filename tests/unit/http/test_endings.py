# SPDX-License-Identifier: Apache-2.0
"""However a request ends, its span ends, its duration is counted, and nothing stays in flight."""

import asyncio
import time

import fastapi
import pytest
from opentelemetry.trace import StatusCode
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, StreamingResponse
from testbed.asgi import Exchange, call, scope


class Sudden(BaseException):
    """Passes every `except Exception`."""


async def answer():
    return "fine"


async def crash():
    raise ValueError("secret-free")


async def leave():
    raise Sudden


async def fail_midway():
    async def parts():
        yield b"one"
        raise RuntimeError("midway")

    return StreamingResponse(parts())


def application() -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    for path, endpoint in (("/fine", answer), ("/crash", crash), ("/sudden", leave), ("/midway", fail_midway)):
        app.get(path)(endpoint)
    return app


def attempt(app, path) -> tuple[Exchange, BaseException | None]:
    exchange = Exchange()
    try:
        asyncio.run(app(scope("GET", path), exchange.receive, exchange.send))
    except BaseException as error:  # noqa: BLE001 - what the server would get
        return exchange, error
    return exchange, None


def test_an_answer_is_recorded_before_the_server_has_its_last_byte(observed):
    seen = []

    class Watching(Exchange):
        async def send(self, message):
            seen.append((message["type"], sum(observed.counts().values()), len(observed.spans())))

    exchange = Watching()
    asyncio.run(application()(scope("GET", "/fine"), exchange.receive, exchange.send))
    assert seen == [("http.response.start", 0, 0), ("http.response.body", 1, 1)]


def test_an_unhandled_exception_is_a_500_with_one_exception_event(observed):
    exchange, error = attempt(application(), "/crash")
    span = observed.span()
    assert exchange.status == 500
    assert isinstance(error, ValueError)
    assert [event.attributes["exception.message"] for event in span.events] == ["secret-free"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError: secret-free")
    assert observed.counts("http.response.status_code", "error.type") == {(500, "500"): 1}
    assert observed.events[0]["error"] is error
    assert b"x-trace-id" in exchange.headers


def test_an_exception_in_a_mounted_application_is_recorded_once(observed):
    app = fastapi.FastAPI()
    app.mount("/sub", application())
    attempt(app, "/sub/crash")
    assert len(observed.span().events) == 1


def test_an_exception_after_the_first_byte_keeps_the_status_that_was_sent(observed):
    exchange, error = attempt(application(), "/midway")
    span = observed.span()
    assert exchange.status == 200
    assert isinstance(error, RuntimeError)
    assert span.attributes["error.type"] == "RuntimeError"
    assert span.status.status_code is StatusCode.ERROR
    assert observed.counts("http.response.status_code", "error.type") == {(200, "RuntimeError"): 1}


def test_a_base_exception_ends_the_request(observed):
    _, error = attempt(application(), "/sudden")
    assert isinstance(error, Sudden)
    assert observed.span().attributes["error.type"] == "Sudden"
    assert observed.in_flight() == 0


def test_a_handled_error_status_is_an_error_without_exception(observed):
    app = fastapi.FastAPI()

    @app.get("/busy")
    async def busy():
        return JSONResponse({}, 503)

    call(app, "GET", "/busy")
    span = observed.span()
    assert (span.attributes["error.type"], span.status.status_code, span.events) == ("503", StatusCode.ERROR, ())


def test_a_client_error_is_no_error_of_the_server(observed):
    call(application(), "GET", "/none")
    assert observed.span().status.status_code is StatusCode.UNSET


def endless() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.get("/events")
    async def events():
        async def forever():
            while True:
                yield b"data: x\n\n"
                await asyncio.sleep(0)

        return StreamingResponse(forever(), media_type="text/event-stream")

    return app


def test_an_endless_stream_ends_when_the_client_leaves(observed):
    class Leaving(Exchange):
        async def receive(self):
            while len(self.sent) < 5:  # noqa: ASYNC110 - until the application, which sends all the while, has sent some
                await asyncio.sleep(0)
            assert observed.in_flight() == 1
            return {"type": "http.disconnect"}

    exchange = Leaving()
    asyncio.run(endless()(scope("GET", "/events"), exchange.receive, exchange.send))
    assert observed.in_flight() == 0
    assert observed.counts("http.route", "http.response.status_code") == {("/events", 200): 1}
    assert [event["status_code"] for event in observed.events] == [200]


def test_a_cancelled_request_ends(observed):
    async def serve_and_cancel():
        exchange = Exchange()

        async def never():
            await asyncio.sleep(3600)

        task = asyncio.create_task(endless()(scope("GET", "/events"), never, exchange.send))
        while len(exchange.sent) < 3:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0)
        assert observed.in_flight() == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve_and_cancel())
    assert observed.in_flight() == 0
    assert observed.span().attributes["error.type"] == "CancelledError"


def test_a_background_task_has_a_span_of_its_own(observed):
    app = fastapi.FastAPI()

    @app.get("/later")
    async def later():
        return JSONResponse({}, background=BackgroundTask(answer))

    call(app, "GET", "/later")
    request, task = observed.spans()
    assert (request.name, task.name) == ("GET /later", "BackgroundTask answer")
    assert task.parent.span_id == request.context.span_id
    assert request.end_time <= task.start_time


def test_a_file_that_the_server_sends_itself_ends_the_request(observed, tmp_path):
    file = tmp_path / "file.txt"
    file.write_text("content")
    app = fastapi.FastAPI()
    app.get("/file")(lambda: FileResponse(file))
    call(app, "GET", "/file", extensions={"http.response.pathsend": {}})
    assert observed.counts("http.response.status_code") == {(200,): 1}


def test_trailers_end_the_request_after_the_body(observed):
    app = fastapi.FastAPI()

    class WithTrailers:
        async def __call__(self, scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
            await send({"type": "http.response.body", "body": b""})
            assert observed.in_flight() == 1
            await send({"type": "http.response.trailers", "headers": [], "more_trailers": False})
            assert observed.in_flight() == 0

    app.mount("/raw", WithTrailers())
    call(app, "GET", "/raw/x")
    assert sum(observed.counts().values()) == 1


def test_an_application_that_answers_nothing_is_recorded(observed):
    app = fastapi.FastAPI()

    class Silent:
        async def __call__(self, scope, receive, send):
            return

    app.mount("/silent", Silent())
    call(app, "GET", "/silent/x")
    assert observed.span().attributes["error.type"] == "no_response"
    assert observed.events[0]["status_code"] is None


def test_two_thousand_requests_at_once_leave_nothing_in_flight(observed):
    app = application()

    async def all_at_once():
        exchanges = [Exchange() for _ in range(200)]
        for _ in range(10):
            await asyncio.gather(*(app(scope("GET", "/fine"), each.receive, each.send) for each in exchanges))

    asyncio.run(all_at_once())
    assert observed.in_flight() == 0
    assert sum(observed.counts().values()) == 2_000


def test_the_duration_of_a_request_is_in_seconds(observed):
    app = fastapi.FastAPI()

    @app.get("/")
    async def slow():
        await asyncio.sleep(0.05)

    before = time.monotonic()
    call(app)
    (point,) = observed.points("http.server.request.duration")
    assert point.count == 1
    assert 0.05 <= point.sum <= time.monotonic() - before
