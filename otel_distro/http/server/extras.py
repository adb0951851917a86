# SPDX-License-Identifier: Apache-2.0
"""What applications may ask of contrib's FastAPI instrumentor beyond spans: hooks, captured headers, message spans.

All of it behaves as upstream documents it; none of it costs anything while nobody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from opentelemetry.instrumentation.asgi import collect_custom_headers_attributes
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Tracer, use_span
from opentelemetry.util.http import (
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE,
    SanitizeValue,
    get_custom_headers,
    normalise_request_header_name,
    normalise_response_header_name,
)

from otel_distro import diagnostics
from otel_distro.ground.asgi import Message, Receive, Scope, Send
from otel_distro.http.attributes import expressions
from otel_distro.http.server.asgi_messages import Holder, listed, normalised, number

Hook = Callable[..., None]


class ServerExtras:
    """The options of one instrumented application, as contrib's `instrument_app` takes them."""

    def __init__(  # noqa: PLR0913 - upstream's options
        self,
        tracer: Tracer,
        *,
        server_request_hook: Hook | None = None,
        client_request_hook: Hook | None = None,
        client_response_hook: Hook | None = None,
        http_capture_headers_server_request: list[str] | None = None,
        http_capture_headers_server_response: list[str] | None = None,
        http_capture_headers_sanitize_fields: list[str] | None = None,
        exclude_spans: Sequence[str] | None = None,
        **_: Any,
    ) -> None:
        self._tracer = tracer
        self._request_hook = server_request_hook
        self._receive_hook, self._send_hook = client_request_hook, client_response_hook
        self._request_headers = expressions(
            http_capture_headers_server_request
            or get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST)
        )
        self._response_headers = expressions(
            http_capture_headers_server_response
            or get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE)
        )
        self._sanitize = SanitizeValue(
            expressions(
                http_capture_headers_sanitize_fields
                or get_custom_headers(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS)
            )
        )
        # Upstream makes a span of every message unless told not to; here one is made if somebody asks for it.
        self.receive_spans = self._wanted("receive", exclude_spans, client_request_hook)
        self.send_spans = self._wanted("send", exclude_spans, client_response_hook)

    @staticmethod
    def _wanted(name: str, excluded: Sequence[str] | None, hook: Hook | None) -> bool:
        return hook is not None if excluded is None else name not in excluded

    @property
    def messages(self) -> bool:
        """Whether messages get spans of their own."""
        return self.receive_spans or self.send_spans

    def __bool__(self) -> bool:
        return self.messages or any((self._request_hook, self._request_headers, self._response_headers))

    def on_request(self, span: Span, kind: SpanKind, scope: Scope) -> None:
        """Capture request headers and call the hook; what the hook raises goes on the span, as upstream has it."""
        if self._request_headers and kind is SpanKind.SERVER:
            self._capture(span, scope, self._request_headers, normalise_request_header_name)
        if self._request_hook is not None:
            _call(self._request_hook, span, scope)

    def on_response(self, span: Span, message: Message) -> None:
        """Capture response headers."""
        if self._response_headers:
            self._capture(span, message, self._response_headers, normalise_response_header_name)

    def _capture(self, span: Span, carrier: Holder, names: list[str], key: Callable[[str], str]) -> None:
        try:
            if span.is_recording():
                pairs = {"headers": normalised(listed(carrier) or ())}
                span.set_attributes(dict(collect_custom_headers_attributes(pairs, self._sanitize, names, key)))
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)

    @contextmanager
    def _message_span(self, name: str) -> Iterator[Span]:
        """Make a span current for one message; samplers and processors, which may raise, are the application's."""
        try:
            span = self._tracer.start_span(name)
        except Exception as error:  # noqa: BLE001 - see above
            diagnostics.fault("http.server", error)
            yield INVALID_SPAN
            return
        try:
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield span
        finally:
            try:
                span.end()
            except Exception as error:  # noqa: BLE001 - see above
                diagnostics.fault("http.server", error)

    def observed_receive(self, name: str, scope: Scope, receive: Receive) -> Receive:
        """Return `receive` with a span around each message."""
        if not self.receive_spans:
            return receive

        async def observed() -> Message:
            with self._message_span(f"{name} {scope['type']} receive") as span:
                message = await receive()
                if self._receive_hook is not None:
                    _call(self._receive_hook, span, scope, message)
                kind = message.get("type", "")
                if kind == "websocket.receive":
                    span.set_attribute("http.response.status_code", 200)
                span.set_attribute("asgi.event.type", kind)
            return message

        return observed

    def observed_send(self, name: str, scope: Scope, send: Send) -> Send:
        """Return `send` with a span for each message; the message goes on when its span has ended, as upstream has it.

        So the request, which ends with its last message, ends after the span of that message.
        """
        if not self.send_spans:
            return send

        async def observed(message: Message) -> None:
            with self._message_span(f"{name} {scope['type']} send") as span:
                if self._send_hook is not None:
                    _call(self._send_hook, span, scope, message)
                kind = message.get("type", "")
                span.set_attribute("asgi.event.type", kind)
                status = 200 if kind == "websocket.send" else number(message.get("status"))
                if status is not None:
                    span.set_attribute("http.response.status_code", status)
            await send(message)

        return observed


def _call(hook: Hook, span: Span, *arguments: Any) -> None:
    try:
        hook(span, *arguments)
    except Exception as error:  # noqa: BLE001 - the application's code, called from ours
        with suppress(Exception):
            span.record_exception(error)
