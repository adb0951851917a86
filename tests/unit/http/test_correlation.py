# SPDX-License-Identifier: Apache-2.0
"""One id finds everything: what callers send, what is minted, echoed and believed."""

import fastapi
import pytest
from opentelemetry.trace import SpanKind, get_current_span
from testbed.asgi import call

from otel_distro.ground.request_ids import current
from otel_distro.http.correlation import CorrelationPropagator, Policy, harmless, trace_id_of
from otel_distro.settings.model import HttpSettings

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
IDS = (b"x-trace-id", b"x-request-id", b"x-correlation-id")


def application():
    app = fastapi.FastAPI()
    seen = []

    @app.get("/")
    async def ids():
        seen.append((get_current_span().get_span_context(), current.get()))

    @app.get("/own")
    async def own(response: fastapi.Response):
        response.headers["X-Request-ID"] = "mine"

    return app, seen


def pairs(**headers):
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]


def echoed(exchange):
    return tuple(exchange.headers.get(name, b"").decode() for name in IDS)


def test_without_any_id_the_trace_id_is_every_id(observed):
    app, seen = application()
    trace, request, correlation = echoed(call(app, headers=[]))
    ((context, ids),) = seen
    assert trace == request == correlation == f"{context.trace_id:032x}"
    assert ids == {"request_id": trace, "correlation_id": trace}
    assert current.get() is None


def test_the_callers_ids_are_kept(observed):
    app, seen = application()
    exchange = call(app, headers=pairs(x_request_id="req-1", x_correlation_id="order/7:a+b=c"))
    assert echoed(exchange)[1:] == ("req-1", "order/7:a+b=c")
    assert seen[0][1] == {"request_id": "req-1", "correlation_id": "order/7:a+b=c"}


def test_a_trace_id_alone_makes_a_true_root_with_that_trace_id(observed):
    app, _ = application()
    exchange = call(app, headers=pairs(x_trace_id=TRACE.upper()))
    span = observed.span()
    assert echoed(exchange) == (TRACE, TRACE, TRACE)
    assert (f"{span.context.trace_id:032x}", span.parent, span.kind) == (TRACE, None, SpanKind.SERVER)


def test_the_next_request_has_a_trace_of_its_own(observed):
    app, _ = application()
    call(app, headers=pairs(x_trace_id=TRACE))
    assert echoed(call(app, headers=[]))[0] != TRACE


def test_an_opaque_trace_id_is_the_correlation_id(observed):
    app, seen = application()
    exchange = call(app, headers=pairs(x_trace_id="front-trace-0001"))
    ((context, ids),) = seen
    trace = f"{context.trace_id:032x}"
    assert echoed(exchange) == (trace, trace, "front-trace-0001")
    assert ids == {"request_id": trace, "correlation_id": "front-trace-0001"}


def test_an_opaque_trace_id_beside_a_correlation_id_is_kept_as_a_field_of_its_own(observed):
    app, seen = application()
    exchange = call(app, headers=pairs(x_trace_id="front-1", x_correlation_id="order-1"))
    assert echoed(exchange)[2] == "order-1"
    assert seen[0][1] == {"request_id": echoed(exchange)[0], "correlation_id": "order-1", "trace_id_": "front-1"}


@pytest.mark.parametrize("harmful", ["x" * 129, "two words", "", "\x1b[31m"])
def test_a_harmful_trace_id_is_kept_nowhere(observed, harmful):
    app, seen = application()
    call(app, headers=pairs(x_trace_id=harmful))
    assert len(set(seen[0][1].values())) == 1


def test_a_trace_id_that_the_application_insists_on_is_in_the_access_event(observed):
    app = fastapi.FastAPI()

    @app.get("/")
    async def insists(response: fastapi.Response):
        response.headers["X-Trace-Id"] = "mine-1"

    assert echoed(call(app, headers=[]))[0] == "mine-1"
    (event,) = observed.events
    assert event["ids"]["trace_id_"] == "mine-1"


def test_traceparent_wins_over_the_trace_id(observed):
    app, _ = application()
    exchange = call(app, headers=pairs(x_trace_id="f" * 32, traceparent=f"00-{TRACE}-{SPAN}-01"))
    assert echoed(exchange) == (TRACE, TRACE, "f" * 32)
    assert f"{observed.span().parent.span_id:016x}" == SPAN
    assert observed.span().parent.is_remote


MALFORMED = [
    "",
    "00",
    f"00-{TRACE}-{SPAN}",
    f"00-{TRACE}-{SPAN}-01-more",
    f"ff-{TRACE}-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{SPAN}-01",
    f"00-{TRACE[:-1]}-{SPAN}-01",
    f"00-{TRACE}-{SPAN}-0g",
    f"00_{TRACE}_{SPAN}_01",
    f"00-{TRACE}-{SPAN}-01\n",
    "\xff" * 55,
    "00-" + "a" * 65536,
]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_traceparent_starts_a_new_trace(observed, value):
    app, _ = application()
    exchange = call(app, headers=pairs(traceparent=value))
    assert exchange.status == 200
    assert observed.span().parent is None
    assert observed.span().kind is SpanKind.SERVER


@pytest.mark.parametrize("value", [f" 00-{TRACE}-{SPAN}-01\t", f"cc-{TRACE}-{SPAN}-01-what-the-future-holds"])
def test_padding_and_later_versions_are_understood(observed, value):
    app, _ = application()
    call(app, headers=pairs(traceparent=value))
    assert f"{observed.span().parent.trace_id:032x}" == TRACE


@pytest.mark.parametrize("name", [b"accept", b"x-forwarded-for", b"cookie"])
def test_another_header_that_comes_twice_keeps_the_callers_trace(observed, name):
    app, _ = application()
    call(app, headers=[(name, b"a"), *pairs(traceparent=f"00-{TRACE}-{SPAN}-01"), (name, b"b")])
    span = observed.span()
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)


def test_two_traceparents_start_a_new_trace(observed):
    app, _ = application()
    call(app, headers=2 * pairs(traceparent=f"00-{TRACE}-{SPAN}-01"))
    assert observed.span().parent is None


def test_tracestate_and_baggage_arrive(observed):
    from opentelemetry import baggage

    app, seen = fastapi.FastAPI(), []
    app.get("/")(lambda: seen.append(baggage.get_all()))
    call(app, headers=pairs(traceparent=f"00-{TRACE}-{SPAN}-01", tracestate="vendor=1", baggage="user=7"))
    assert observed.span().context.trace_state.get("vendor") == "1"
    assert seen == [{"user": "7"}]


HOSTILE = ["", "a" * 129, "a b", "<script>", "a\nb", "é", '"quoted"', "a;b", "{{x}}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_harmful_ids_are_replaced_by_the_trace_id(observed, value):
    app, _ = application()
    trace, request, correlation = echoed(call(app, headers=pairs(x_request_id=value, x_correlation_id=value)))
    assert not harmless(value)
    assert trace == request == correlation


@pytest.mark.parametrize("value", ["0" * 32, "a" * 31, "a" * 33, "g" * 32, ""])
def test_what_is_no_trace_id_is_not_taken_for_one(observed, value):
    app, _ = application()
    assert trace_id_of(value) is None
    assert echoed(call(app, headers=pairs(x_trace_id=value)))[0] == f"{observed.span().context.trace_id:032x}"


def test_a_response_that_the_router_refuses_carries_the_ids_too(observed):
    app, _ = application()
    exchange = call(app, "GET", "/none")
    assert exchange.status == 404
    assert all(echoed(exchange))


def test_an_id_that_the_application_sets_stays_and_comes_once(observed):
    app, _ = application()
    exchange = call(app, "GET", "/own")
    values = [value for name, value in exchange.sent[0]["headers"] if name == b"x-request-id"]
    assert values == [b"mine"]


def test_a_response_object_that_is_used_again_does_not_grow(observed):
    app = fastapi.FastAPI()
    shared = fastapi.Response("same")
    app.get("/")(lambda: shared)
    sizes = [len(call(app).sent[0]["headers"]) for _ in range(3)]
    assert sizes == [sizes[0]] * 3
    assert len(shared.raw_headers) == sizes[0] - len(IDS)


class TestWithoutTrust:
    @pytest.fixture
    def settings(self):
        return HttpSettings(trust_incoming=False)

    def test_nothing_that_comes_in_is_believed(self, observed):
        app, _ = application()
        sent = pairs(traceparent=f"00-{TRACE}-{SPAN}-01", x_trace_id=TRACE, x_request_id="r", x_correlation_id="c")
        trace, request, correlation = echoed(call(app, headers=sent))
        assert trace == request == correlation != TRACE
        assert observed.span().parent is None


class TestOtherHeaders:
    @pytest.fixture
    def settings(self):
        return HttpSettings(correlation_headers=("x-session-id",))

    def test_only_the_configured_headers_are_read_and_echoed(self, observed):
        app, seen = application()
        exchange = call(app, headers=pairs(x_session_id="s1", x_request_id="r1", x_trace_id=TRACE))
        assert exchange.headers[b"x-session-id"] == b"s1"
        assert set(IDS).isdisjoint(exchange.headers)
        assert seen[0][1] == {"session_id": "s1"}
        assert f"{observed.span().context.trace_id:032x}" != TRACE


@pytest.mark.parametrize("settings", [HttpSettings(), HttpSettings(correlation_hosts=("*",))], ids=["defaults", "*"])
def test_as_a_propagator_it_carries_the_ids_in_any_carrier(settings):
    propagator = CorrelationPropagator(Policy(settings))
    context = propagator.extract({"x-request-id": "r1", "x-correlation-id": "not harmless"})
    carried: dict[str, str] = {}
    propagator.inject(carried, context)
    assert carried == {"x-request-id": "r1"}
    assert propagator.fields == {"x-trace-id", "x-request-id", "x-correlation-id"}


def test_where_a_list_says_who_may_have_the_ids_an_unknown_destination_gets_none():
    propagator = CorrelationPropagator(Policy(HttpSettings(correlation_hosts=("*.internal",))))
    carried: dict[str, str] = {}
    propagator.inject(carried, propagator.extract({"x-request-id": "r1"}))
    assert carried == {}
