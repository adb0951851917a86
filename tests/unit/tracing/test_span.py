# SPDX-License-Identifier: Apache-2.0
"""A span under what applications do to it: values of every type, endings of every kind."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Link, SpanContext, Status, StatusCode
from testbed.otlp_strategies import values

from otel_distro import diagnostics
from otel_distro.tracing import adopt


def provider_with(limits, *, adopted):
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    if adopted:
        adopt(provider, None)
    return provider


def observed(span):
    """Return all that can be seen of a span's attributes."""
    return list(span.attributes.items()), span.dropped_attributes


small_limits = st.builds(
    lambda count, length: SpanLimits(max_span_attributes=count, max_span_attribute_length=length),
    st.one_of(st.just(SpanLimits.UNSET), st.integers(0, 5)),
    st.one_of(st.just(SpanLimits.UNSET), st.integers(0, 5)),
)
some_keys = st.one_of(st.sampled_from(["a", "b", "c", "", "d", "e", "f"]), st.integers(0, 3), st.none())
one_attribute = st.tuples(some_keys, values)
many_attributes = st.dictionaries(some_keys, values, max_size=5)


@settings(deadline=None, max_examples=150)
@given(
    limits=small_limits,
    at_start=st.dictionaries(st.sampled_from("abc"), values, max_size=3),
    steps=st.lists(st.one_of(one_attribute, many_attributes), max_size=6),
)
def test_attributes_come_out_as_the_sdk_has_them(limits, at_start, steps):
    """Values, order, truncation, what is dropped and how much of it: whatever is set, by whichever method."""
    seen = []
    for adopted in (False, True):
        tracer = provider_with(limits, adopted=adopted).get_tracer("scope")
        span = tracer.start_span("work", attributes=at_start)
        for step in steps:
            if isinstance(step, dict):
                span.set_attributes(step)
            else:
                span.set_attribute(*step)
        span.end()
        seen.append(observed(span))
    assert repr(seen[0]) == repr(seen[1])


class Unreadable:
    def __str__(self):
        raise RuntimeError("no text for you")


def endless():
    found = []
    found.append(found)
    return found


@pytest.mark.parametrize("value", [Unreadable(), endless()], ids=["unreadable", "endless"])
def test_a_value_that_cannot_be_read_is_dropped_and_counted_as_a_fault(provider, value):
    """The SDK raises into the application."""
    before = diagnostics.faults().get("span attribute", 0)
    span = provider.get_tracer("scope").start_span("work", attributes={"bad": value, "also": 1})
    span.set_attribute("bad", value)
    span.set_attributes({"bad": value})
    span.set_attribute("good", 1)
    assert "bad" not in span.attributes
    assert span.attributes["good"] == 1
    assert diagnostics.faults()["span attribute"] == before + 3


@pytest.mark.parametrize("attributes", [[("a", 1)], "text", 5, object()], ids=["pairs", "text", "number", "object"])
def test_attributes_that_are_no_mapping_do_not_reach_the_application(provider, attributes):
    span = provider.get_tracer("scope").start_span("work", attributes=attributes)
    span.set_attributes(attributes)
    assert dict(span.attributes) == {}


def test_ten_thousand_attributes_keep_the_newest_128(provider, receiver):
    span = provider.get_tracer("scope").start_span("work")
    for number in range(10_000):
        span.set_attribute(f"key.{number}", number)
    span.end()
    assert provider.force_flush(5000)
    (sent,) = receiver.spans()
    assert sent.attributes == {f"key.{number}": number for number in range(9_872, 10_000)}
    assert sent.dropped_attributes_count == 9_872


def test_a_span_ended_twice_is_exported_once_with_its_first_end(provider, receiver, caplog):
    span = provider.get_tracer("scope").start_span("work", start_time=1)
    span.end(2)
    span.end(3)
    assert provider.force_flush(5000)
    assert [(found.start_ns, found.end_ns) for found in receiver.spans()] == [(1, 2)]
    assert caplog.messages == ["Calling end() on an ended span."]


def at_once(count, action):
    """Run an action in so many threads at the same moment."""
    barrier = threading.Barrier(count)
    threads = [threading.Thread(target=lambda: (barrier.wait(), action())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_span_that_many_threads_end_is_exported_once(provider, exporter):
    for _ in range(50):
        at_once(4, provider.get_tracer("scope").start_span("work").end)
    assert exporter.stats.submitted == 50


def test_events_and_links_that_threads_add_at_once_are_all_kept(provider):
    span = provider.get_tracer("scope").start_span("work")
    at_once(8, lambda: (span.add_event("event"), span.add_link(SpanContext(1, 2, is_remote=True))))
    assert (len(span.events), len(span.links)) == (8, 8)


def test_nothing_changes_a_span_that_has_ended(provider, receiver):
    span = provider.get_tracer("scope").start_span("work")
    span.end()
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.update_name("late")
    span.add_event("late")
    span.add_link(SpanContext(1, 2, is_remote=False))
    span.set_status(StatusCode.ERROR, "late")
    span.record_exception(ValueError("late"))
    assert not span.is_recording()
    assert (span.name, observed(span), span.events, span.links) == ("work", ([], 0), (), ())
    assert span.status.is_unset


def test_an_exception_whose_text_cannot_be_had_does_not_reach_the_application(provider):
    class MuteError(Exception):
        __str__ = Unreadable.__str__

    with pytest.raises(MuteError), provider.get_tracer("scope").start_as_current_span("work") as span:
        raise MuteError
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "MuteError"


def test_ids_are_kept_as_hex(provider):
    span = provider.get_tracer("scope").start_span("work")
    assert span.trace_id_hex == f"{span.get_span_context().trace_id:032x}"
    assert span.span_id_hex == f"{span.get_span_context().span_id:016x}"
    assert vars(span)["trace_id_hex"] is span.trace_id_hex


def test_links_and_statuses_arrive(provider, receiver):
    link = Link(SpanContext(3, 4, is_remote=True), {"why": "batch"})
    span = provider.get_tracer("scope").start_span("work", links=[link])
    span.set_status(Status(StatusCode.ERROR, "broken"))
    span.set_status(StatusCode.UNSET)
    span.end()
    assert provider.force_flush(5000)
    (sent,) = receiver.spans()
    assert (sent.status, sent.status_message) == ("ERROR", "broken")
    assert [(found.span_id, found.attributes) for found in sent.links] == [(f"{4:016x}", {"why": "batch"})]


@pytest.mark.parametrize("most", [None, 0, 1, 2])
@pytest.mark.parametrize("more", [0, 1, 3])
def test_the_quick_link_is_a_link_like_any_other(most, more):
    """`link_to` is for a span that has just been started; the SDK's span, given the same links, is what it must equal."""
    targets = [SpanContext(trace_id=7, span_id=number + 1, is_remote=True) for number in range(more + 1)]
    seen = []
    for adopted in (False, True):
        limits = SpanLimits(max_links=SpanLimits.UNSET if most is None else most)
        span = provider_with(limits, adopted=adopted).get_tracer("scope").start_span("work")
        (span.link_to if adopted else span.add_link)(targets[0])
        for target in targets[1:]:
            span.add_link(target, {"n": 1})
        links = [(link.context, dict(link.attributes or {})) for link in span.links]
        seen.append((links, span.dropped_links))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == (len(targets) if most is None else min(len(targets), most))


def test_links_that_two_threads_add_to_one_are_all_kept():
    tracer = provider_with(SpanLimits(), adopted=True).get_tracer("scope")
    for _ in range(200):
        span = tracer.start_span("work")
        span.link_to(SpanContext(trace_id=7, span_id=1, is_remote=True))
        barrier = threading.Barrier(2)

        def add(number, span=span, barrier=barrier):
            barrier.wait(10)
            span.add_link(SpanContext(trace_id=7, span_id=number, is_remote=True))

        threads = [threading.Thread(target=add, args=(number,)) for number in (2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(link.context.span_id for link in span.links) == [1, 2, 3]
