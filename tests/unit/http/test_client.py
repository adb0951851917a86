# SPDX-License-Identifier: Apache-2.0
"""Calls made with httpx, sync and async: span, duration, trace context and ids, whatever comes of the call."""

import asyncio

import httpx
import pytest
from opentelemetry import baggage, context
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from support.http_server import http_server

from otel_distro.http import instrumentors
from otel_distro.http.correlation import current
from otel_distro.variables import HttpSettings


@pytest.fixture
def server():
    with http_server() as running:
        yield running


@pytest.fixture(params=["sync", "async"])
def get(request):
    """Call a URL with httpx's one or other client."""
    if request.param == "sync":

        def sync(url, **options):
            with httpx.Client(**options) as client:
                return client.get(url)

        return sync

    async def asynchronous(url, **options):
        async with httpx.AsyncClient(**options) as client:
            return await client.get(url)

    return lambda url, **options: asyncio.run(asynchronous(url, **options))


@pytest.fixture
def client(observed, options):
    """What the server's fixture observes, with httpx instrumented as well."""
    instrumentor = instrumentors.replace("httpx", None)()
    instrumentor.instrument(**observed.providers, **options)
    yield observed
    instrumentor.uninstrument()


def durations(observed):
    return [(dict(point.attributes), point.count) for point in observed.points("http.client.request.duration")]


def test_a_call_is_a_client_span_with_a_duration(client, server, get):
    port = server.server_address[1]
    response = get(f"{server.url}/status/200?token=secret&page=2")
    span = client.span()
    known = {"http.request.method": "GET", "server.address": "127.0.0.1", "server.port": port}
    ended = {"http.response.status_code": 200, "network.protocol.version": "1.1"}
    peer = {"network.peer.address": "127.0.0.1", "network.peer.port": port}
    url = f"{server.url}/status/200?token=REDACTED&page=REDACTED"
    assert response.text == "ok"
    assert (span.name, span.kind, span.status.status_code) == ("GET", SpanKind.CLIENT, StatusCode.UNSET)
    assert dict(span.attributes) == {**known, "url.full": url, **ended, **peer}
    assert durations(client) == [({**known, **ended}, 1)]


def test_the_server_gets_trace_context_and_ids(client, server, get):
    token = current.set({"request_id": "r1", "correlation_id": "c1"})
    try:
        get(f"{server.url}/status/200")
    finally:
        current.reset(token)
    headers, span = server.requests[0][1], client.span()
    trace_id = f"{span.context.trace_id:032x}"
    flags = f"{span.context.trace_flags & 0xFF:02x}"
    assert headers["traceparent"] == f"00-{trace_id}-{span.context.span_id:016x}-{flags}"
    assert (headers["x-trace-id"], headers["x-request-id"], headers["x-correlation-id"]) == (trace_id, "r1", "c1")


def test_outside_a_request_there_is_only_the_trace_id(client, server, get):
    get(f"{server.url}/status/200")
    headers = server.requests[0][1]
    assert headers["x-trace-id"] == f"{client.span().context.trace_id:032x}"
    assert {"x-request-id", "x-correlation-id"}.isdisjoint(headers)


def test_baggage_is_sent_on(client, server, get):
    token = context.attach(baggage.set_baggage("user", "7"))
    try:
        get(f"{server.url}/status/200")
    finally:
        context.detach(token)
    assert server.requests[0][1]["baggage"] == "user=7"


@pytest.mark.parametrize("status", [404, 503])
def test_a_failed_status_is_an_error(client, server, get, status):
    get(f"{server.url}/status/{status}")
    span = client.span()
    assert (span.attributes["error.type"], span.status.status_code) == (str(status), StatusCode.ERROR)
    assert [(keys["http.response.status_code"], count) for keys, count in durations(client)] == [(status, 1)]


def test_a_call_that_raises_has_a_duration_and_an_exception_event(client, get):
    with pytest.raises(httpx.ConnectError):
        get("http://127.0.0.1:1/")
    span = client.span()
    assert (span.attributes["error.type"], len(span.events)) == ("ConnectError", 1)
    assert [(keys["error.type"], count) for keys, count in durations(client)] == [("ConnectError", 1)]


def test_a_timeout_is_told_from_other_errors(client, server, get):
    with pytest.raises(httpx.ReadTimeout):
        get(f"{server.url}/silent", timeout=httpx.Timeout(20, read=0.05))
    assert client.span().attributes["error.type"] == "ReadTimeout"


def test_each_leg_of_a_redirect_is_a_call(client, server, get):
    get(f"{server.url}/to//status/200", follow_redirects=True)
    first, second = client.spans()
    sent = [headers["traceparent"][36:52] for _, headers in server.requests]
    assert [span.attributes["http.response.status_code"] for span in (first, second)] == [307, 200]
    assert sent == [f"{span.context.span_id:016x}" for span in (first, second)]


def test_credentials_stay_out_of_the_span(client, server, get):
    get(server.url.replace("//", "//user:password@") + "/status/200")
    assert client.span().attributes["url.full"] == f"{server.url}/status/200"


def test_a_cancelled_call_ends(client, server):
    async def cancel():
        async with httpx.AsyncClient() as caller:
            task = asyncio.create_task(caller.get(f"{server.url}/silent"))
            while not server.requests:  # noqa: ASYNC110 - the server's thread has no event of this loop
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel())
    assert client.span().attributes["error.type"] == "CancelledError"


def test_a_streamed_answer_arrives_whole(client, server):
    with httpx.stream("GET", f"{server.url}/status/200") as response:
        assert b"".join(response.iter_bytes()) == b"ok"
    assert len(client.spans()) == 1


def test_a_suppressed_call_is_not_observed(client, server, get):
    with suppress_http_instrumentation():
        get(f"{server.url}/status/200")
    assert client.spans() == []
    assert "traceparent" not in server.requests[0][1]


def test_a_custom_transport_can_be_instrumented(client, server):
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    transport = httpx.MockTransport(lambda request: httpx.Response(200, request=request))
    with httpx.Client(transport=transport) as caller:
        HTTPXClientInstrumentor.instrument_client(caller, **client.providers)
        caller.get("http://custom.example/")
    assert client.span().attributes["server.address"] == "custom.example"


class TestAllowedHosts:
    @pytest.fixture
    def settings(self):
        return HttpSettings(correlation_hosts=("localhost", "*.internal"))

    def test_other_hosts_get_no_ids_not_even_by_a_redirect(self, client, server, get):
        port = server.server_address[1]
        token = current.set({"request_id": "r1", "correlation_id": "c1"})
        try:
            get(f"http://localhost:{port}/to/{server.url}/status/200", follow_redirects=True)
        finally:
            current.reset(token)
        known, stranger = (headers for _, headers in server.requests)
        assert known["x-request-id"] == "r1"
        assert {"x-trace-id", "x-request-id", "x-correlation-id"}.isdisjoint(stranger)
        assert "traceparent" in stranger


class TestHooks:
    @pytest.fixture
    def options(self):
        return {"request_hook": lambda span, request: span.set_attribute("hooked", request.method.decode())}

    def test_an_applications_hook_is_called_as_upstream_calls_it(self, client, server):
        httpx.get(f"{server.url}/status/200")
        assert client.span().attributes["hooked"] == "GET"
