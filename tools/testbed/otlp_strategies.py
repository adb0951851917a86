# SPDX-License-Identifier: Apache-2.0
"""Anything that may stand in a span or a log record, for property tests."""

from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

uint64 = st.integers(0, 2**64 - 1)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=200),
    st.binary(max_size=40),
    # What is equal in Python and different on the wire.
    st.sampled_from([0, 1, 0.0, -0.0, 1.0, True, False, "1", b"1", (True, False), (1, 0), [1.0, 0.0]]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(min_size=1), inner, max_size=4)),
    max_leaves=8,
)
keys = st.one_of(st.sampled_from(["http.route", "a", "b", "c"]), st.text(min_size=1, max_size=40))
attributes = st.dictionaries(keys, values, max_size=8)
bounded_attributes = st.builds(lambda found, limit: BoundedAttributes(limit, found), attributes, st.integers(0, 10))
trace_states = st.one_of(
    st.none(), st.builds(TraceState, st.lists(st.sampled_from([("a", "1"), ("vendor@x", "t61rcWkgMzE")]), unique=True))
)
contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.integers(0, 3).map(TraceFlags),
    trace_states,
)
contexts_without_state = contexts.map(lambda found: SpanContext(*found[:4]))
events = st.builds(Event, st.text(max_size=40), bounded_attributes, uint64)
links = st.builds(Link, contexts_without_state, bounded_attributes)
statuses = st.one_of(
    st.builds(Status, st.sampled_from(StatusCode)), st.builds(Status, st.just(StatusCode.ERROR), st.text(max_size=80))
)
resources = st.builds(Resource, attributes, st.sampled_from(["", "https://schema/1.2"]))
scopes = st.builds(
    InstrumentationScope,
    st.text(max_size=20),
    st.one_of(st.none(), st.text(max_size=10)),
    st.sampled_from([None, "", "https://schema/1.3"]),
    attributes,
)
readable_spans = st.builds(
    ReadableSpan,
    name=st.text(max_size=80),
    context=contexts,
    parent=st.one_of(st.none(), contexts),
    resource=resources,
    attributes=bounded_attributes,
    events=st.lists(events, max_size=4).map(lambda found: BoundedList.from_seq(3, found)),
    links=st.lists(links, max_size=4).map(lambda found: BoundedList.from_seq(3, found)),
    kind=st.sampled_from(SpanKind),
    status=statuses,
    start_time=uint64,
    end_time=uint64,
    instrumentation_scope=st.one_of(st.none(), scopes),
)
