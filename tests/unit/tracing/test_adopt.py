# SPDX-License-Identifier: Apache-2.0
"""A provider of the SDK becomes ours in place, and stays the SDK's in everything else."""

import os

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult

from otel_distro.tracing import Span, adopt


def test_a_tracer_from_before_returns_our_spans_and_they_are_exported(receiver, exporter):
    provider = TracerProvider(resource=Resource({"service.name": "tested"}), shutdown_on_exit=False)
    early = provider.get_tracer("early", "1.2")
    adopt(provider, exporter)
    span = early.start_span("work")
    assert type(span) is Span
    span.end()
    assert provider.force_flush(5000)
    (sent,) = receiver.spans()
    assert (sent.name, sent.origin.scope, sent.service) == ("work", "early", "tested")


def test_a_tracer_from_after_is_the_same_for_the_same_scope(provider):
    assert provider.get_tracer("scope") is provider.get_tracer("scope")
    assert type(provider.get_tracer("scope").start_span("work")) is Span


def test_a_provider_of_another_class_keeps_its_spans_and_exports_them(receiver, exporter):
    class Custom(TracerProvider):
        pass

    provider = Custom(shutdown_on_exit=False)
    adopt(provider, exporter)
    span = provider.get_tracer("scope").start_span("theirs")
    assert type(span) is not Span
    span.end()
    assert provider.force_flush(5000)
    assert [span.name for span in receiver.spans()] == ["theirs"]


class Watcher(SpanProcessor):
    """Keeps what it is given."""

    def __init__(self):
        self.started, self.ending, self.ended = [], [], []

    def on_start(self, span, parent_context=None):
        self.started.append(span)
        span.set_attribute("from.start", True)

    def _on_ending(self, span):
        self.ending.append(span)
        span._attributes["from.ending"] = True

    def on_end(self, span):
        self.ended.append(span)


def test_other_processors_get_a_readable_span_and_what_they_add_is_exported(provider, receiver):
    watcher, memory = Watcher(), InMemorySpanExporter()
    provider.add_span_processor(watcher)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with provider.get_tracer("scope").start_as_current_span("work", attributes={"mine": 1}) as span:
        span.add_event("event", {"k": "v"})
    assert provider.force_flush(5000)
    (ended,) = watcher.ended
    assert type(ended) is ReadableSpan
    assert memory.get_finished_spans() == (ended,)
    expected = {"mine": 1, "from.start": True, "from.ending": True}
    assert dict(ended.attributes) == receiver.spans()[0].attributes == expected
    assert watcher.started == watcher.ending == [span]


class RecordOnly(Sampler):
    def should_sample(self, *args, **kwargs):
        return SamplingResult(Decision.RECORD_ONLY, {"sampler": "here"})

    def get_description(self):
        return "record only"


def test_without_other_processors_a_span_that_is_only_recorded_stays_here(exporter):
    provider = TracerProvider(sampler=RecordOnly(), shutdown_on_exit=False)
    adopt(provider, exporter)
    span = provider.get_tracer("scope").start_span("work")
    assert span.is_recording()
    span.end()
    assert exporter.stats.submitted == 0


def test_a_span_that_is_only_recorded_reaches_processors_and_not_the_collector(exporter, receiver):
    provider, watcher = TracerProvider(sampler=RecordOnly(), shutdown_on_exit=False), Watcher()
    adopt(provider, exporter)
    provider.add_span_processor(watcher)
    provider.get_tracer("scope").start_span("work").end()
    assert [dict(span.attributes)["sampler"] for span in watcher.ended] == ["here"]
    assert exporter.stats.submitted == 0


def test_an_unsampled_span_costs_no_encoding_and_passes_its_context_on(exporter):
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    adopt(provider, exporter)
    tracer = provider.get_tracer("scope")
    with tracer.start_as_current_span("parent") as parent, tracer.start_as_current_span("child") as child:
        assert not parent.is_recording()
        assert child.get_span_context().trace_id == parent.get_span_context().trace_id
    assert exporter.stats.submitted == 0


def test_limits_of_the_provider_hold(exporter, receiver):
    limits = SpanLimits(max_span_attributes=2, max_events=1, max_span_attribute_length=3)
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    adopt(provider, exporter)
    span = provider.get_tracer("scope").start_span("work", attributes={"a": "12345", "b": 2, "c": 3})
    span.add_event("first")
    span.add_event("second")
    span.end()
    assert provider.force_flush(5000)
    (sent,) = receiver.spans()
    assert (sent.attributes, sent.dropped_attributes_count) == ({"b": 2, "c": 3}, 1)
    assert [event.name for event in sent.events] == ["second"]


def test_an_id_generator_of_the_application_is_kept():
    class Counting(RandomIdGenerator):
        def generate_trace_id(self):
            return 42

    provider = TracerProvider(id_generator=Counting(), shutdown_on_exit=False)
    adopt(provider, None)
    assert provider.get_tracer("scope").start_span("work").get_span_context().trace_id == 42


def test_seeding_random_does_not_repeat_ids(provider):
    import random

    tracer, seen = provider.get_tracer("scope"), set()
    for _ in range(3):
        random.seed(42)
        seen.add(tracer.start_span("work").get_span_context().trace_id)
    assert len(seen) == 3


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # the receiver's threads
def test_a_forked_child_draws_other_ids_and_sends_its_own_spans(provider, receiver):
    tracer = provider.get_tracer("scope")
    tracer.start_span("parent, before").end()
    child = os.fork()
    if child == 0:
        tracer.start_span("child").end()
        os._exit(0 if provider.force_flush(5000) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    tracer.start_span("parent, after").end()
    assert provider.force_flush(5000)
    spans = {span.name: span for span in receiver.spans()}
    assert sorted(spans) == ["child", "parent, after", "parent, before"]
    assert spans["child"].trace_id != spans["parent, after"].trace_id
    assert spans["child"].origin.resource["service.instance.id"]


def test_shutdown_of_the_provider_sends_what_is_left(provider, receiver):
    provider.get_tracer("scope").start_span("last").end()
    provider.shutdown()
    assert [span.name for span in receiver.spans()] == ["last"]
