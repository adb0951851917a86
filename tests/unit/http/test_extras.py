# SPDX-License-Identifier: Apache-2.0
"""What applications may ask of contrib's instrumentor beyond a span per request behaves as documented there."""

import fastapi
import pytest
from testbed.asgi import call


def application() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.get("/")
    async def answer():
        return {}

    return app


class TestMessageSpans:
    @pytest.fixture
    def options(self):
        return {"exclude_spans": []}

    def test_the_request_ends_after_the_spans_of_its_messages(self, observed):
        call(application())
        assert [span.name for span in observed.spans()] == ["GET / http send", "GET / http send", "GET /"]
        *messages, request = observed.spans()
        assert {span.parent.span_id for span in messages} == {request.context.span_id}
        assert [span.attributes["asgi.event.type"] for span in messages] == [
            "http.response.start",
            "http.response.body",
        ]


class TestHooks:
    @pytest.fixture
    def options(self):
        def broken(span, scope, message):
            raise ValueError("the hook's own fault")

        return {
            "server_request_hook": lambda span, scope: span.set_attribute("hooked", scope["path"]),
            "client_response_hook": broken,
        }

    def test_a_hook_is_called_and_what_it_raises_is_on_its_span(self, observed):
        assert call(application()).status == 200
        *messages, request = observed.spans()
        assert request.attributes["hooked"] == "/"
        assert [event.name for span in messages for event in span.events] == ["exception", "exception"]


class TestHeaders:
    @pytest.fixture
    def options(self):
        return {
            "http_capture_headers_server_request": ["x-tenant", "authorization"],
            "http_capture_headers_server_response": ["content-type"],
            "http_capture_headers_sanitize_fields": ["authorization"],
        }

    def test_headers_are_captured_and_sanitized(self, observed):
        call(application(), headers=[(b"x-tenant", b"blue"), (b"authorization", b"Bearer secret")])
        attributes = observed.span().attributes
        assert attributes["http.request.header.x_tenant"] == ("blue",)
        assert attributes["http.request.header.authorization"] == ("[REDACTED]",)
        assert attributes["http.response.header.content_type"] == ("application/json",)
