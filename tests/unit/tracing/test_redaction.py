# SPDX-License-Identifier: Apache-2.0
"""Secrets are gone before any processor or exporter sees a span."""

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from otel_distro.logs.redaction.redact import redact_attribute
from otel_distro.tracing import adopt
from otel_distro.tracing.redaction import Redaction

SECRET = "hunter2-and-some-more"
CONTEXT = SpanContext(1, 2, is_remote=False)


@pytest.fixture
def finished():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter, finished):
    provider = TracerProvider(shutdown_on_exit=False)
    adopt(provider, exporter, redact_attribute)
    provider.add_span_processor(SimpleSpanProcessor(finished))
    return provider.get_tracer("scope")


@pytest.mark.parametrize("times", [1, 2], ids=["first time", "again"])
def test_no_secret_stands_anywhere_in_a_span(tracer, finished, exporter, receiver, times):
    for _ in range(times):
        attributes = {"password": SECRET, "note": f"password={SECRET}", "nested": {"api_key": SECRET}}
        span = tracer.start_span("work", attributes=attributes, links=[Link(CONTEXT, {"api_key": SECRET})])
        span.set_attribute("authorization", f"Bearer {SECRET}")
        span.set_attributes({"db.password": SECRET, "plain": "text"})
        span.add_event("login", {"password": SECRET})
        span.add_link(CONTEXT, {"password": SECRET})
        span.record_exception(ValueError(f"password={SECRET}"))
        span.set_status(Status(StatusCode.ERROR, f"password={SECRET}"))
        span.end()
    assert exporter.force_flush(5)
    assert len(finished.get_finished_spans()) == len(receiver.spans()) == times
    for span in finished.get_finished_spans():
        assert span.attributes["plain"] == "text"
        assert SECRET not in span.to_json()
    assert SECRET not in repr(receiver.spans())


def test_what_is_clean_is_not_examined_again():
    examined = []

    def redact(key, value):
        examined.append(key)
        return value

    redaction, attributes = Redaction(redact), {"a": "x", "b": 1}
    assert redaction.mapping(attributes) == attributes
    assert redaction.mapping(attributes) is attributes
    assert examined == ["a", "b"]


def test_what_was_examined_does_not_grow_the_memory():
    redaction = Redaction(lambda _key, value: value)
    for number in range(20_000):
        redaction.value("user.id", number)
    assert len(redaction._clean) <= 4096


def test_a_value_that_cannot_be_examined_is_not_kept():
    def fail(_key, _value):
        raise RuntimeError("broken")

    assert Redaction(fail).value("a", "secret?") is None


def test_names_bytes_and_paths_lose_their_secrets(tracer, finished):
    span = tracer.start_span(
        f"work password={SECRET}", attributes={"raw": f"token={SECRET}".encode(), "list": [f"token={SECRET}"]}
    )
    span.add_event(f"event token={SECRET}", {"raw": f"token={SECRET}".encode()})
    span.end()
    renamed = tracer.start_span("work")
    renamed.update_name(f"GET /x?token={SECRET}")
    renamed.end()
    served = tracer.start_trusted("GET", Context(), None, SpanKind.SERVER, {"url.path": f"/reset/token={SECRET}"})
    served.end()
    assert len(finished.get_finished_spans()) == 3
    for each in finished.get_finished_spans():
        said = repr((each.name, dict(each.attributes), [(event.name, dict(event.attributes)) for event in each.events]))
        assert SECRET not in said
        assert "[REDACTED]" in said


def test_names_and_texts_of_spans_are_bounded(tracer, finished):
    span = tracer.start_span("n" * 100_000, attributes={"text": "t" * 100_000, "raw": b"r" * 100_000})
    span.update_name("u" * 100_000)
    span.end()
    (found,) = finished.get_finished_spans()
    assert len(found.name) == 1024
    assert [len(found.attributes[key]) <= 32_768 for key in ("text", "raw")] == [True, True]


@pytest.mark.parametrize("code", [StatusCode.ERROR, StatusCode.OK, StatusCode.UNSET])
def test_a_secret_in_the_description_of_a_bare_status_leaves_no_process(tracer, finished, exporter, receiver, code):
    span = tracer.start_span("work")
    span.set_status(code, f"password={SECRET} refused")
    span.end()
    assert exporter.force_flush(5)
    ((kept,), (sent,)) = finished.get_finished_spans(), receiver.spans()
    assert kept.status.status_code is code
    assert SECRET not in kept.to_json() + repr(sent)
    if code is StatusCode.ERROR:
        assert kept.status.description.endswith("refused")


def test_a_secret_in_a_list_of_an_events_attributes_is_gone(tracer, finished):
    span = tracer.start_span("work")
    span.add_event("login", {"arguments": ["--user=ada", f"password={SECRET}"]})
    span.end()
    ((kept,),) = (finished.get_finished_spans(),)
    assert kept.events[0].attributes["arguments"][0] == "--user=ada"
    assert SECRET not in kept.to_json()
