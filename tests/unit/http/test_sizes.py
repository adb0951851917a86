# SPDX-License-Identifier: Apache-2.0
"""Sizes of bodies are histograms for services that ask for them, with the attributes of the duration."""

import asyncio

import fastapi
import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from testbed.asgi import Exchange, call, scope

from otel_distro.http.server.sizes import content_length
from otel_distro.settings.model import HttpSettings

REQUEST, RESPONSE = "http.server.request.body.size", "http.server.response.body.size"


def application() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.post("/orders/{number}")
    async def order(number: int):
        return PlainTextResponse("x" * number)

    @app.get("/stream")
    async def stream():
        return StreamingResponse(part for part in (b"four", b"", b"seven!!"))

    @app.get("/broken")
    async def broken():
        raise ValueError("broken")

    return app


def sizes(observed, name):
    """Return count and sum by attributes."""
    return [(dict(point.attributes), point.count, point.sum) for point in observed.points(name)]


def test_without_asking_there_are_none(observed):
    call(application(), "POST", "/orders/3", [(b"content-length", b"0")])
    assert sizes(observed, REQUEST) == sizes(observed, RESPONSE) == []


class TestAsked:
    @pytest.fixture
    def settings(self):
        return HttpSettings(body_sizes=True)

    def test_announced_sizes_are_counted_under_the_attributes_of_the_duration(self, observed):
        for number in (3, 300):
            call(application(), "POST", f"/orders/{number}", [(b"content-length", b"12")])
        (duration,) = observed.points("http.server.request.duration")
        assert sizes(observed, REQUEST) == [(dict(duration.attributes), 2, 24)]
        assert sizes(observed, RESPONSE) == [(dict(duration.attributes), 2, 303)]
        assert duration.attributes["http.route"] == "/orders/{number}"

    def test_what_is_streamed_is_counted_as_it_is_sent(self, observed):
        call(application(), "GET", "/stream")
        assert [total for _, _, total in sizes(observed, RESPONSE)] == [11]
        assert sizes(observed, REQUEST) == []

    def test_sizes_are_recorded_before_the_server_has_the_last_byte(self, observed):
        seen = []

        class Watching(Exchange):
            async def send(self, message):
                seen.append((message["type"], len(sizes(observed, RESPONSE))))

        exchange = Watching()
        asyncio.run(application()(scope("POST", "/orders/3"), exchange.receive, exchange.send))
        assert seen == [("http.response.start", 0), ("http.response.body", 1)]

    def test_a_failure_is_measured_once_as_a_failure(self, observed):
        with pytest.raises(ValueError, match="broken"):
            call(application(), "GET", "/broken")
        ((attributes, count, total),) = sizes(observed, RESPONSE)
        assert (attributes["error.type"], count, total) == ("500", 1, len("Internal Server Error"))

    def test_an_application_that_answers_nothing_has_no_response_to_measure(self, observed):
        class Silent:
            async def __call__(self, scope, receive, send):
                return

        app = fastapi.FastAPI()
        app.mount("/silent", Silent())
        call(app, "POST", "/silent/x", [(b"content-length", b"7")])
        assert [total for _, _, total in sizes(observed, REQUEST)] == [7]
        assert sizes(observed, RESPONSE) == []

    def test_a_size_bears_its_trace_as_exemplar(self, observed):
        call(application(), "POST", "/orders/3")
        (point,) = observed.points(RESPONSE)
        assert [exemplar.trace_id for exemplar in point.exemplars] == [observed.span().context.trace_id]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (b"0", 0),
        (b"9999999999999", 9_999_999_999_999),
        (b"10000000000000", None),
        (b"9" * 5000, None),
        (b"-1", None),
        (b"1e9", None),
        (b"", None),
        (b"\xb2", None),
        (b" 5", None),
    ],
)
def test_only_a_plain_number_of_a_likely_size_is_believed(value, size):
    assert content_length([(b"host", b"h"), (b"content-length", value)]) == size


def test_no_header_is_no_size():
    assert content_length([]) is None
