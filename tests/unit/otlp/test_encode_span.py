# SPDX-License-Identifier: Apache-2.0
"""Our bytes and upstream's encoder say the same of any span."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, TraceState
from testbed.otlp_strategies import bounded_attributes, contexts, readable_spans

from otel_distro.otlp.encode_span import encode_span
from otel_distro.otlp.request import build_request

ANY_TIME = settings(deadline=None, max_examples=60)
CONTEXT = SpanContext(2**127 + 1, 2**63 + 1, is_remote=False)


def decoded(spans):
    """Decode the request that we would send, with the generated classes."""
    records = [(span.resource, span.instrumentation_scope, encode_span(span)) for span in spans]
    return ExportTraceServiceRequest.FromString(build_request(records))


def only_span(span):
    return decoded([span]).resource_spans[0].scope_spans[0].spans[0]


def normal(request):
    """Serialize a message anew: what is equal then is equal in every field, NaN included."""
    return request.SerializeToString(deterministic=True)


@ANY_TIME
@given(span=readable_spans)
def test_any_span_decodes_to_what_upstream_sends(span):
    assert normal(decoded([span])) == normal(encode_spans([span]))


@ANY_TIME
@given(
    owners=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=2, max_size=8),
    schema_url=st.sampled_from(["", "https://schema/1.2"]),
)
def test_spans_are_grouped_by_resource_and_scope_as_upstream_groups_them(owners, schema_url):
    resources = [Resource({"service.name": name}, schema_url) for name in ("api", "worker")]
    scopes = [None, InstrumentationScope("http"), InstrumentationScope("sql", "1", schema_url, {"a": 1})]
    spans = [
        ReadableSpan(f"span {number}", CONTEXT, resource=resources[resource], instrumentation_scope=scopes[scope])
        for number, (resource, scope) in enumerate(owners)
    ]
    assert normal(decoded(spans)) == normal(encode_spans(spans))


@ANY_TIME
@given(context=contexts, attributes=bounded_attributes)
def test_a_link_carries_its_trace_state_which_upstream_leaves_out(context, attributes):
    """The protocol has the field: https://github.com/open-telemetry/opentelemetry-proto, `Span.Link.trace_state`."""
    link = only_span(ReadableSpan("name", CONTEXT, links=[Link(context, attributes)])).links[0]
    assert link.trace_state == ",".join(f"{key}={value}" for key, value in context.trace_state.items())


def test_a_lone_surrogate_costs_its_place_and_not_the_batch():
    """Upstream raises, and the whole batch is lost."""
    span = only_span(ReadableSpan("caf\udce9", CONTEXT, attributes={"k\udcff": "v\ud800", "sound": "é"}))
    assert span.name == "caf?"
    assert {pair.key: pair.value.string_value for pair in span.attributes} == {"k?": "v?", "sound": "é"}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**100])
def test_an_integer_beyond_64_bits_is_sent_as_text(number):
    """Upstream leaves the attribute out."""
    span = only_span(ReadableSpan("name", CONTEXT, attributes={"big": number}))
    assert span.attributes[0].value.string_value == str(number)


@pytest.mark.parametrize(
    ("given_time", "sent"), [(-5, 0), (2**64, 2**64 - 1), (None, 0), (1.5e18, 1500000000000000000)]
)
def test_an_impossible_time_is_brought_into_range(given_time, sent):
    span = only_span(ReadableSpan("name", CONTEXT, start_time=given_time, end_time=given_time))
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (sent, sent)


@pytest.mark.parametrize(
    ("name", "sent"), [(None, "None"), (404, "404"), (b"bytes", "b'bytes'")], ids=["none", "number", "bytes"]
)
def test_a_name_that_is_no_text_is_sent_as_its_text(name, sent):
    assert only_span(ReadableSpan(name, CONTEXT)).name == sent


class Unreadable:
    def __str__(self):
        raise RuntimeError("no text for you")


def endless():
    values = []
    values.append(values)
    return values


@pytest.mark.parametrize("value", [Unreadable(), endless()], ids=["unreadable", "endless"])
def test_a_value_that_cannot_be_read_is_left_empty_and_the_rest_is_sent(value):
    span = only_span(ReadableSpan("name", CONTEXT, attributes={"bad": value, "good": 1}))
    assert [pair.key for pair in span.attributes] == ["bad", "good"]
    assert span.attributes[0].value.WhichOneof("value") is None
    assert span.attributes[1].value.int_value == 1


def test_values_that_are_equal_in_python_and_different_on_the_wire_are_told_apart():
    """Each pair is encoded twice: the second time the bytes may come from the cache."""
    values = [True, 1, 1.0, (True, False), (1, 0), (1.0, 0.0), False, 0, 0.0, -0.0, "1", "0", b"1"]
    resource = Resource({})
    spans = [ReadableSpan("name", CONTEXT, None, resource, {"told.apart": value}) for value in values * 2]
    assert normal(decoded(spans)) == normal(encode_spans(spans))


def test_trace_state_is_sent():
    context = SpanContext(1, 2, is_remote=False, trace_state=TraceState([("a", "1"), ("b", "2")]))
    assert only_span(ReadableSpan("name", context)).trace_state == "a=1,b=2"
