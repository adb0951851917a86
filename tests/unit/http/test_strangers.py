# SPDX-License-Identifier: Apache-2.0
"""What strangers send along is bounded, and what they say about sampling counts for little."""

import pytest
from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, ParentBasedTraceIdRatio, Sampler, TraceIdRatioBased
from opentelemetry.trace import SpanContext, TraceFlags

from otel_distro.http.propagation import extract, parse_traceparent
from otel_distro.tracing.sampling import mixed, shortcut

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
IDS = {
    "counted up": lambda number: number + 1,
    "low half of zeros": lambda number: (number + 1) << 64,
    "one digit": lambda number: int(f"{number % 15 + 1:x}" * 32, 16),
    "high bits": lambda number: (number + 1) << 120,
    "equal halves": lambda number: (number + 1) << 64 | (number + 1),
}


def sampled(sampler, parent_of, ids):
    decide = shortcut(sampler, follows_callers=False)
    return sum(decide(parent_of(trace_id), trace_id).is_sampled() for trace_id in ids)


def flagged(trace_id):
    return SpanContext(trace_id, 1, is_remote=True, trace_flags=TraceFlags(1))


@pytest.mark.parametrize("choose", IDS.values(), ids=IDS)
@pytest.mark.parametrize("parent_of", [flagged, lambda _: None], ids=["flag 01", "x-trace-id"])
def test_no_caller_has_more_sampled_than_a_ratio_says(choose, parent_of):
    ids = list(map(choose, range(200)))
    assert sampled(ParentBasedTraceIdRatio(0.001), parent_of, ids) < 5
    assert sampled(TraceIdRatioBased(0.001), parent_of, ids) < 5


def test_services_of_one_ratio_agree_and_not_sampled_is_followed():
    sampler = ParentBasedTraceIdRatio(0.3)
    ids = [number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128 for number in range(1, 2000)]
    first = {trace_id for trace_id in ids if mixed(trace_id) < TraceIdRatioBased(0.3).bound}
    assert sampled(sampler, flagged, first) == len(first)
    assert 0.25 < len(first) / len(ids) < 0.35
    unsampled = [SpanContext(trace_id, 1, is_remote=True) for trace_id in ids]
    decide = shortcut(sampler, follows_callers=False)
    assert not any(decide(parent, parent.trace_id).is_sampled() for parent in unsampled)


def test_without_a_ratio_callers_are_followed():
    assert sampled(ParentBased(ALWAYS_ON), flagged, range(1, 50)) == 49


class Asked(Sampler):
    def __init__(self):
        self.ids = []

    def should_sample(self, parent_context, trace_id, *args, **kwargs):
        self.ids.append(trace_id)
        return ALWAYS_ON.should_sample(parent_context, trace_id, *args, **kwargs)

    def get_description(self):
        return "asked"


def test_a_sampler_of_the_application_never_sees_an_id_that_a_caller_chose(observed):
    tracer, wanted = observed.tracer_provider.get_tracer("t"), 0xABC
    tracer.sampler = asked = Asked()
    for _ in range(3):
        span = tracer.start_trusted("GET", Context(), None, 0, {}, wanted)
        assert span.get_span_context().trace_id == wanted
    assert len(set(asked.ids)) == 3
    assert wanted not in asked.ids


def carried(*headers):
    return extract(list(headers), dict(headers), Context())


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (b"a=1,b=2", 2),
        (b"a=" + b"x" * 2000, 1),
        (b"a=" + b"x" * 2047, 0),
        (b",".join([b"a%d=1" % n for n in range(65)]), 0),
    ],
)
def test_baggage_beyond_the_bounds_is_left_behind(observed, value, number):
    context, _ = carried((b"baggage", value))
    assert len(baggage.get_all(context)) == number


@pytest.mark.parametrize(("state", "kept"), [(b"a=1,b=2", 2), (b"a=" + b"x" * 200, 1), (b"a=" + b"x" * 511, 0)])
def test_trace_state_beyond_the_bounds_is_left_behind_and_the_trace_is_not(observed, state, kept):
    _, parent = carried((b"traceparent", PARENT), (b"tracestate", state))
    assert (f"{parent.trace_id:032x}", len(parent.trace_state)) == ("0af7651916cd43dd8448eb211c80319c", kept)


def test_a_traceparent_of_any_length_is_read_in_no_time():
    assert parse_traceparent(PARENT + b"-" + b" " * 200_000 + b"\n") is None
