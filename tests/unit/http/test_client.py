# SPDX-License-Identifier: Apache-2.0
"""Calls made with httpx, sync and async: span, duration, trace context and ids, whatever comes of the call."""

import asyncio
import time

import httpx
import pytest
from opentelemetry import baggage, context
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.trace import INVALID_SPAN, SpanKind, StatusCode, get_current_span
from testbed.http_server import http_server

from otel_distro.ground.request_ids import current
from otel_distro.http import instrumentors
from otel_distro.http.client.httpx import HttpxInstrumentor
from otel_distro.settings.model import HttpSettings


@pytest.fixture
def settings():
    return HttpSettings(correlation_hosts=("*",))  # the server is at a loopback address, which by default gets no ids


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
def hooks():
    return {}


@pytest.fixture
def client(observed, hooks):
    """What the server's fixture observes, with httpx instrumented as well."""
    instrumentor = instrumentors.replace("httpx")()
    instrumentor.instrument(**observed.providers, **hooks)
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


def test_each_leg_of_a_redirect_tells_the_trace_that_it_belongs_to(client, server, get):
    get(f"{server.url}/to//status/200", follow_redirects=True)
    told = [(headers["x-trace-id"], headers["traceparent"][3:35]) for _, headers in server.requests]
    assert told == [(f"{span.context.trace_id:032x}",) * 2 for span in client.spans()]
    assert len(set(told)) == len(told) == 2


def test_the_duration_of_a_call_is_in_seconds(client):
    def handle(_request):
        time.sleep(0.05)
        return httpx.Response(200)

    before = time.monotonic()
    with httpx.Client(transport=httpx.MockTransport(handle)) as caller:
        HttpxInstrumentor.instrument_client(caller, **client.providers)
        caller.get("http://api.example.com/")
    ((attributes, count),) = durations(client)
    (point,) = client.points("http.client.request.duration")
    assert (attributes["http.response.status_code"], count) == (200, 1)
    assert 0.05 <= point.sum <= time.monotonic() - before


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
    assert "error.type" not in client.span().attributes
    assert client.span().status.status_code is StatusCode.UNSET
    assert durations(client)[0][1] == 1


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


class TestDefaultHosts:
    @pytest.fixture
    def settings(self):
        return HttpSettings()

    def test_baggage_and_ids_leave_for_hosts_of_the_same_kind_alone(self, client, server, get):
        port = server.server_address[1]
        token = current.set({"request_id": "r1", "correlation_id": "c1"})
        attached = context.attach(baggage.set_baggage("user.email", "a@b.example"))
        try:
            get(f"http://localhost:{port}/to/{server.url}/status/200", follow_redirects=True)
        finally:
            context.detach(attached)
            current.reset(token)
        known, stranger = (headers for _, headers in server.requests)
        assert (known["x-request-id"], known["baggage"]) == ("r1", "user.email=a%40b.example")
        assert {"x-trace-id", "x-request-id", "x-correlation-id", "baggage", "tracestate"}.isdisjoint(stranger)
        assert "traceparent" in stranger


class HostileError(Exception):
    def __str__(self):
        raise SystemExit("no text")

    __repr__ = __str__
    __bool__ = __str__


@pytest.mark.parametrize("kind", [HostileError, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, SystemExit])
def test_whatever_a_transport_raises_reaches_the_caller_and_ends_the_call(client, kind):
    error = kind()

    def handle(request):
        raise error

    with httpx.Client(transport=httpx.MockTransport(handle)) as caller:
        HttpxInstrumentor.instrument_client(caller, **client.providers)
        with pytest.raises(kind) as raised:
            caller.get("http://custom.example/")
    failed = issubclass(kind, Exception)
    assert raised.value is error
    assert client.span().status.status_code is (StatusCode.ERROR if failed else StatusCode.UNSET)
    assert client.span().attributes.get("error.type") == ("HostileError" if failed else None)
    assert [count for _, count in durations(client)] == [1]
    assert get_current_span() is INVALID_SPAN


def test_a_transport_that_is_called_by_keyword_is_observed(client, server):
    with httpx.HTTPTransport() as transport:
        transport.handle_request(request=httpx.Request("GET", f"{server.url}/status/200")).close()
    assert client.span().attributes["http.response.status_code"] == 200


class TestWhatIsNoExpression:
    def test_the_call_is_made_and_observed(self, client, server, monkeypatch):
        instrumentor = instrumentors.replace("httpx")()
        instrumentor.uninstrument()
        for name in ("CLIENT_REQUEST", "CLIENT_RESPONSE", "SANITIZE_FIELDS"):
            monkeypatch.setenv(f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{name}", "*")
        instrumentor.instrument(**client.providers)
        assert httpx.get(f"{server.url}/status/200").status_code == 200
        assert client.span().name == "GET"


class TestHooks:
    @pytest.fixture
    def hooks(
        self,
    ):  # of the client's alone: applications of other tests, which may still be there, know no such option
        return {"request_hook": lambda span, request: span.set_attribute("hooked", request.method.decode())}

    def test_an_applications_hook_is_called_as_upstream_calls_it(self, client, server):
        httpx.get(f"{server.url}/status/200")
        assert client.span().attributes["hooked"] == "GET"
