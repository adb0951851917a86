# SPDX-License-Identifier: Apache-2.0
"""The middleware as a guest: the server and the application get what they would get without it, whatever they do."""

import asyncio
from http import HTTPStatus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Sampler
from testbed.asgi import Exchange, scope

from otel_distro.http.installation import installation
from otel_distro.http.server.metrics import server_metrics
from otel_distro.http.server.middleware import OpenTelemetryMiddleware
from otel_distro.http.server.telemetry import ServerTelemetry

OURS = {b"x-trace-id", b"x-request-id", b"x-correlation-id"}


def raising(error=RuntimeError):
    def method(*_, **__):
        raise error("no")

    return method


class UnprintableError(Exception):
    __str__ = __repr__ = raising()


class LeavingError(Exception):
    __str__ = __repr__ = raising(SystemExit)


class HostileError(Exception):
    __str__ = __repr__ = __eq__ = __bool__ = __len__ = __hash__ = __getattr__ = raising()
    __class__ = __dict__ = property(raising())


class EmptyError(Exception):
    def __len__(self):
        return 0


class Sudden(BaseException):
    __str__ = __repr__ = raising()
    __class__ = property(raising())


ERRORS = (
    UnprintableError,
    LeavingError,
    HostileError,
    EmptyError,
    Sudden,
    asyncio.CancelledError,
    GeneratorExit,
    KeyError,
)


def around(app, observed, **options):
    """Return our middleware around any ASGI application, and nothing of FastAPI's."""
    meter, tracer = observed.meter_provider.get_meter("m"), observed.tracer_provider.get_tracer("t")
    telemetry = ServerTelemetry(tracer, server_metrics(meter), installation().policy, access=observed.emit, **options)
    return OpenTelemetryMiddleware(app, telemetry)


def speaking(messages, error=None):
    async def app(scope, receive, send):
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    return app


def serve(app, made=None, server=None):
    """Serve a request; return what the server got and what reached it as an exception."""
    exchange = server or Exchange()
    coroutine = app(scope() if made is None else made, exchange.receive, exchange.send)
    try:
        coroutine.send(None)
    except StopIteration:
        return exchange.sent, None
    except BaseException as error:  # noqa: BLE001 - what the server would get
        return exchange.sent, error
    raise AssertionError("nothing here waits")


def read(messages):
    """Return messages without their headers, and the headers of each, read to their end."""
    headers = [[tuple(map(bytes, pair)) for pair in message.get("headers", ())] for message in messages]
    return [{**message, "headers": None} for message in messages], headers


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"content-type", b"Content-Length", b"X-Request-ID", b"x-trace-id", b"Set-Cookie"]),
        st.sampled_from([b"1", b"text/plain", b"a" * 200, b"\xff"]),
    ),
    max_size=4,
)
FORMS = st.sampled_from(
    [
        list,
        tuple,
        iter,
        lambda pairs: (pair for pair in pairs),
        lambda pairs: [list(pair) for pair in pairs],
        lambda pairs: [(bytearray(name), memoryview(value)) for name, value in pairs],
        lambda pairs: dict.fromkeys(pairs).keys(),
    ]
)
STATUSES = st.sampled_from([200, 204, 404, 500, HTTPStatus.OK, HTTPStatus.BAD_GATEWAY, 200.0, "503", None, "x"])


@st.composite
def conversations(draw):
    """Any sequence of ASGI messages, each with or without what is optional, as functions that make it."""
    made = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=5)):
        more = {}
        if kind in ("http.response.start", "http.response.trailers", "http.response.push"):
            pairs, form = draw(HEADERS), draw(FORMS)
            if draw(st.booleans()):
                more["headers"] = lambda pairs=pairs, form=form: form(pairs)
        if kind == "http.response.start":
            more["status"] = draw(STATUSES)
            more["trailers"] = draw(st.booleans())
        if kind in ("http.response.body", "http.response.zerocopysend"):
            more.update(draw(st.sampled_from([{}, {"body": b"x"}, {"body": memoryview(b"x"), "more_body": True}])))
        made.append((kind, more))
    return made


KINDS = (
    "http.response.start",
    "http.response.body",
    "http.response.trailers",
    "http.response.pathsend",
    "http.response.zerocopysend",
    "http.response.push",
    "http.response.early_hint",
    "http.response.debug",
    "something.else",
)


def said(conversation):
    return [
        {"type": kind, **{key: value() if callable(value) else value for key, value in more.items()}}
        for kind, more in conversation
    ]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations(), st.sampled_from([None, *ERRORS]))
def test_the_server_gets_what_it_would_get_without_us(observed, conversation, error):
    raised = error and error.__new__(error)
    before = len(observed.events), len(observed.spans())
    bare, _ = serve(speaking(said(conversation), raised))
    ours, reached = serve(around(speaking(said(conversation), raised), observed))
    (messages, headers), (bare_messages, bare_headers) = read(ours), read(bare)
    assert messages == bare_messages
    for theirs, all_of_them in zip(bare_headers, headers, strict=True):
        assert all_of_them[: len(theirs)] == theirs
        added = {name for name, _ in all_of_them[len(theirs) :]}
        assert added <= OURS - {name.lower() for name, _ in theirs}
    assert reached is raised
    assert (len(observed.events), len(observed.spans())) == (before[0] + 1, before[1] + 1)
    assert observed.in_flight() == 0


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("started", [False, True])
def test_whatever_an_exception_does_it_is_counted_traced_and_logged(observed, kind, started):
    messages = [{"type": "http.response.start", "status": 200, "headers": []}] if started else []
    error = kind()
    _, reached = serve(around(speaking(messages, error), observed))
    assert reached is error
    failed = issubclass(kind, Exception)
    status = 200 if started else 500 if failed else None
    assert observed.counts("http.response.status_code") == {(status,): 1}
    assert observed.span().attributes.get("http.response.status_code") == status
    (event,) = observed.events
    assert (event["status_code"], event["aborted"]) == (status, not failed)
    assert event["error"] is error
    assert observed.in_flight() == 0


def test_a_message_that_the_application_uses_again_keeps_its_own_headers(observed):
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    app = around(speaking([start, {"type": "http.response.body"}]), observed)
    told = [dict(serve(app)[0][0]["headers"])[b"x-trace-id"] for _ in range(3)]
    assert start == {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    assert len(set(told)) == 3


def test_headers_that_raise_while_they_are_read_raise_where_the_server_reads_them(observed):
    def headers():
        yield b"a", b"b"
        raise LookupError("mine")

    sent, reached = serve(
        around(speaking([{"type": "http.response.start", "status": 200, "headers": headers()}]), observed)
    )
    pairs = iter(sent[0]["headers"])
    assert (reached, next(pairs)) == (None, (b"a", b"b"))
    with pytest.raises(LookupError, match="mine"):
        next(pairs)


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        iter,
        lambda pairs: (pair for pair in pairs),
        lambda pairs: [[name.title(), value] for name, value in pairs],
        lambda pairs: [(bytearray(name), memoryview(value)) for name, value in pairs],
    ],
)
def test_a_callers_headers_are_read_in_every_form_and_left_for_the_application(observed, form):
    span = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    pairs = [(b"host", b"api.example.com"), (b"traceparent", span), (b"x-request-id", b"customer-42")]
    seen = []

    async def app(scope, receive, send):
        seen.extend((bytes(name).lower(), bytes(value)) for name, value in scope["headers"])

    serve(around(app, observed), scope(headers=form(pairs)))
    assert seen[:3] == pairs
    assert observed.span().attributes["server.address"] == "api.example.com"
    assert f"{observed.span().context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert observed.events[0]["ids"]["request_id"] == "customer-42"


@pytest.mark.parametrize("missing", ["headers", "client", "server", "path", "query_string", "method", "root_path"])
@pytest.mark.parametrize("other", [None, b"bytes", 7, "text", ("/run/socket", None), ("::1", 1, 0, 0)])
def test_a_scope_may_lack_anything_or_hold_anything(observed, missing, other):
    lacking, odd = scope(), scope()
    del lacking[missing]
    odd[missing] = other
    for made in (lacking, odd):
        before = made.copy()
        sent, reached = serve(around(speaking([{"type": "http.response.start", "status": 200}]), observed), made)
        assert (len(sent), reached) == (1, None)
        made.pop("fastapi.telemetry", None)
        assert made == before
    assert len(observed.events) == sum(observed.counts().values()) == len(observed.spans()) == 2
    assert observed.in_flight() == 0


class Refusing(Sampler):
    def should_sample(self, *_, **__):
        raise ValueError("no decision")

    def get_description(self):
        return "refusing"


@pytest.fixture
def refused(observed):
    observed.tracer_provider.sampler = Refusing()
    for_tracer = observed.tracer_provider.get_tracer("t")
    for_tracer.sampler = observed.tracer_provider.sampler
    return observed


def test_a_sampler_that_raises_costs_the_span_alone(refused, forgiven):
    sent, reached = serve(around(speaking([{"type": "http.response.start", "status": 200, "headers": []}]), refused))
    assert (reached, refused.spans(), sum(refused.counts().values()), len(refused.events)) == (None, [], 1, 1)
    assert dict(sent[0]["headers"])[b"x-trace-id"].decode() == refused.events[0]["ids"]["request_id"]
    assert refused.in_flight() == 0


@pytest.mark.parametrize("broken", ["endings", "complete", "access"])
def test_a_fault_of_ours_costs_one_of_three_records(observed, forgiven, monkeypatch, broken):
    app = around(speaking([{"type": "http.response.start", "status": 200}, {"type": "http.response.body"}]), observed)
    if broken == "endings":
        app._telemetry.endings = None
    elif broken == "complete":
        monkeypatch.setattr("otel_distro.http.server.request.complete", raising())
    else:
        app._telemetry.access = raising()
    sent, reached = serve(app)
    assert (len(sent), reached, observed.in_flight()) == (2, None, 0)
    left = {
        "endings": sum(observed.counts().values()),
        "complete": len(observed.spans()),
        "access": len(observed.events),
    }
    assert left.pop(broken) == (1 if broken == "complete" else 0)  # a span that misses attributes still ends
    assert set(left.values()) == {1}


def test_what_a_request_took_that_cannot_be_observed_is_given_back(observed, forgiven, monkeypatch):
    monkeypatch.setattr("otel_distro.http.correlation.Policy.correlate", raising())
    made = scope()
    before = made.copy()
    sent, reached = serve(around(speaking([{"type": "http.response.start", "status": 200}]), observed), made)
    assert (sent, reached, made) == ([{"type": "http.response.start", "status": 200}], None, before)
    assert observed.in_flight() == 0


class Gone:
    """A server that knows that its client has left, as uvicorn's does."""

    disconnected = True

    def __init__(self):
        self.sent = []

    async def receive(self):
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)


Gone.__module__ = "uvicorn.protocols.http"


def test_an_answer_to_a_client_that_has_left_is_aborted(observed):
    messages = [{"type": "http.response.start", "status": 200}, {"type": "http.response.body"}]
    serve(around(speaking(messages), observed), server=Gone())
    assert [(event["status_code"], event["aborted"]) for event in observed.events] == [(200, True)]


def test_an_answer_that_is_not_whole_is_aborted_and_one_that_is_is_not(observed):
    start = {"type": "http.response.start", "status": 200}
    part, end = {"type": "http.response.body", "more_body": True}, {"type": "http.response.body"}
    for messages in ([start], [start, part], [start, part, end], [{**start, "trailers": True}, end]):
        serve(around(speaking(messages), observed))
    assert [event["aborted"] for event in observed.events] == [True, True, False, False]


@pytest.mark.parametrize("name", [b"x-request-id", b"X-Request-ID"])
def test_the_id_that_the_client_was_told_is_the_one_of_the_access_event(observed, name):
    start = {"type": "http.response.start", "status": 200, "headers": [(name, b"mine-7")]}
    sent, _ = serve(around(speaking([start, {"type": "http.response.body"}]), observed))
    assert [value for key, value in sent[0]["headers"] if key.lower() == b"x-request-id"] == [b"mine-7"]
    assert observed.events[0]["ids"]["request_id"] == "mine-7"


def test_a_middleware_further_in_adopts_our_ids(observed):
    async def minting(scope, receive, send):
        given = dict(scope["headers"]).get(b"x-request-id", b"minted")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-request-id", given)]})

    made = scope()
    headers = made["headers"].copy()
    sent, _ = serve(around(minting, observed), made)
    told = dict(sent[0]["headers"])
    assert told[b"x-request-id"] == told[b"x-trace-id"]
    assert observed.events[0]["ids"]["request_id"].encode() == told[b"x-request-id"]
    assert made["headers"] == headers
