# SPDX-License-Identifier: Apache-2.0
"""A websocket is one span and one access event; its duration is not counted among the requests'."""

import asyncio
import contextlib
import gc

import fastapi
import pytest
from opentelemetry.trace import StatusCode
from testbed.asgi import scope

from otel_distro.http.server.variants import WebsocketSession


def application() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.websocket("/rooms/{room}")
    async def room(websocket: fastapi.WebSocket, room: str):
        if room == "closed":
            await websocket.close()
            return
        await websocket.accept()
        if room == "broken":
            raise ValueError("broken")
        while True:
            await websocket.send_text(await websocket.receive_text())

    return app


def session(path, *messages):
    """Connect, send the messages, and disconnect; return what the application sent."""
    received = [{"type": "websocket.connect"}, *messages, {"type": "websocket.disconnect", "code": 1000}]
    sent = []

    async def receive():
        return received.pop(0)

    async def send(message):
        sent.append(message)

    connection = {**scope(path=path), "type": "websocket", "scheme": "ws", "subprotocols": []}
    del connection["method"]
    with contextlib.suppress(ValueError, fastapi.WebSocketDisconnect):
        asyncio.run(application()(connection, receive, send))
    return sent


def test_a_session_is_one_span_with_its_route(observed):
    sent = session("/rooms/tea", {"type": "websocket.receive", "text": "hello"})
    span = observed.span()
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
    assert (span.name, span.attributes["http.response.status_code"]) == ("HTTP /rooms/{room}", 101)
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["url.scheme"] == "ws"
    assert observed.points("http.server.request.duration") == []
    assert observed.in_flight() == 0
    assert [(event["method"], event["status_code"]) for event in observed.events] == [("WEBSOCKET", 101)]


def test_the_handshake_carries_the_ids(observed):
    accept = session("/rooms/tea")[0]
    assert dict(accept["headers"])[b"x-trace-id"].decode() == f"{observed.span().context.trace_id:032x}"


@pytest.mark.parametrize(("path", "status"), [("/rooms/closed", 403), ("/nowhere", 403)])
def test_a_refused_handshake_has_a_status(observed, path, status):
    session(path)
    assert observed.span().attributes["http.response.status_code"] == status


@pytest.mark.parametrize("path", ["/rooms/tea", "/rooms/closed", "/rooms/broken", "/nowhere"])
def test_nothing_keeps_a_session_that_is_over(observed, path):
    """20 KiB for each handshake that a stranger asks for, found by `make soak-strangers`."""
    for _ in range(5):
        session(path)
    assert len(observed.spans()) == 5
    observed.exporter.clear()
    observed.events.clear()  # an event has its exception, and that the frames of its traceback
    gc.collect()
    assert [kept for kept in gc.get_objects() if type(kept) is WebsocketSession] == []


def test_an_exception_in_a_session_is_on_its_span(observed):
    session("/rooms/broken")
    assert observed.span().attributes["error.type"] == "ValueError"
    assert len(observed.span().events) == 1
