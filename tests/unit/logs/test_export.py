# SPDX-License-Identifier: Apache-2.0
"""Events as OTLP records: each once, and each line says whether its record was accepted."""

from __future__ import annotations

import logging

import pytest
import structlog
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs
from opentelemetry.trace import Span, format_span_id, format_trace_id

from otel_distro.http import correlation
from otel_distro.logs.access import event as access
from otel_distro.logs.emit import Emitter
from otel_distro.logs.export import encode_record

REQUEST = {
    "method": "GET",
    "path": "/items/5",
    "route": "/items/{id}",
    "status_code": 200,
    "duration_ms": 1.23456,
    "client": "127.0.0.1",
}


class Exporter:
    """Takes records as the bounded queue does, or refuses them."""

    def __init__(self, *, accepts: bool = True) -> None:
        self.accepts = accepts
        self.submitted: list[tuple[str, LogRecord]] = []

    def __call__(self, scope, record) -> bool:
        encoded = record if type(record) is bytes else encode_record(record)
        (decoded,) = ScopeLogs.FromString(encoded).log_records
        self.submitted.append((scope.name, decoded))
        return self.accepts


@pytest.fixture
def exporter(install):
    made = Exporter()
    made.output = install(submit=made)
    return made


def attributes(record: LogRecord) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in record.attributes}


def test_a_record_is_structured_and_in_its_trace(exporter, span: Span):
    structlog.get_logger("shop").warning("order placed", order="o-1", password="hunter2")
    ((scope, record),) = exporter.submitted
    context = span.get_span_context()
    assert (scope, record.body.string_value) == ("shop", "order placed")
    assert (record.severity_number, record.severity_text) == (13, "warning")
    assert record.trace_id == context.trace_id.to_bytes(16, "big")
    assert record.span_id == context.span_id.to_bytes(8, "big")
    assert attributes(record) == {"order": "o-1", "password": "[REDACTED]"}
    assert exporter.output.event["otlp"] is True


@pytest.fixture
def built(monkeypatch):
    """The events that were built."""
    found = []
    monkeypatch.setattr(Emitter, "event", lambda *told, event=Emitter.event: found.append(told) or event(*told))
    return found


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("path", ["/items/5", "/items/ghp_0123456789abcdefghijABCDEFGHIJ012345"])
def test_an_ordinary_access_event_is_exported_as_any_other(install, span, built, path, accepts):
    """The same request twice: the short way with what its line needs at hand, and the long way from the context."""
    span.trace_id_hex = format_trace_id(span.get_span_context().trace_id)
    span.span_id_hex = format_span_id(span.get_span_context().span_id)
    exporter = Exporter(accepts=accepts)
    output = install(submit=exporter)
    request = {**REQUEST, "path": path}
    ids = {"request_id": "abc-1", "correlation_id": "x"}
    token = correlation.current.set(ids)
    try:
        access.emit(**request, span=span, ids=ids)
        access.emit(**request, span=span)
    finally:
        correlation.current.reset(token)
    short, long = (line.partition(",")[2] for line in output.lines)
    assert short == long
    assert ('"otlp":true' in short) is accepts
    (first, record), (second, expected) = exporter.submitted
    for each in (record, expected):
        each.time_unix_nano = each.observed_time_unix_nano = 0
    assert (first, record) == (second, expected)
    assert (len(record.attributes), len(built)) == (8, 1 if path == "/items/5" else 2)


def test_an_exception_is_exported_by_its_conventions(exporter):
    try:
        int("x")
    except ValueError:
        logging.getLogger("shop").exception("failed")
    ((_, record),) = exporter.submitted
    found = attributes(record)
    assert found["exception.type"] == "ValueError"
    assert found["exception.message"].startswith("invalid literal")
    assert found["exception.stacktrace"].startswith("Traceback")


def test_a_record_that_was_refused_leaves_its_line_to_the_collector(install):
    output = install(submit=Exporter(accepts=False))
    structlog.get_logger().info("hello")
    logging.getLogger("std").warning("hello")
    assert [event.get("otlp") for event in output.events] == [None, None]


def test_what_the_distribution_says_itself_is_written_and_never_exported(exporter):
    logging.getLogger("otel_distro").warning("the collector does not answer")
    logging.getLogger("opentelemetry.sdk").warning("odd")
    assert exporter.submitted == []
    assert len(exporter.output.events) == 2


def test_an_own_renderer_has_its_record_and_says_so(exporter):
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    structlog.get_logger().info("hello", a="b")
    ((_, record),) = exporter.submitted
    assert (record.body.string_value, attributes(record)) == ("hello", {"a": "b"})
    assert exporter.output.lines == ['{"a": "b", "event": "hello", "otlp": true}']


@pytest.mark.parametrize(
    "processors",
    [
        [structlog.processors.JSONRenderer()],
        [structlog.stdlib.render_to_log_kwargs],
        [structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        None,
    ],
    ids=["rendered", "kwargs", "wrapped", "default"],
)
def test_structlog_over_the_standard_library_exports_once(exporter, processors):
    structlog.configure(processors=processors, logger_factory=structlog.stdlib.LoggerFactory())
    structlog.get_logger("shop").warning("hello", a="b")
    ((scope, record),) = exporter.submitted
    assert (scope, record.body.string_value) == ("shop", "hello")
    assert attributes(record)["a"] == "b"
    assert len(exporter.output.lines) == 1


def test_an_event_below_the_level_of_its_standard_logger_is_not_exported(exporter):
    logging.getLogger("quiet").setLevel(logging.ERROR)
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.stdlib.LoggerFactory()
    )
    structlog.get_logger("quiet").info("hello")
    assert exporter.submitted == []
    logging.getLogger("quiet").setLevel(logging.NOTSET)


def test_an_exporter_that_raises_leaves_the_line_to_the_collector(install):
    def broken(scope, record):
        raise RuntimeError("no queue")

    output = install(submit=broken)
    structlog.get_logger().info("hello")
    assert "otlp" not in next(event for event in output.events if event["message"] == "hello")


def test_a_value_that_cannot_be_examined_is_not_written_and_the_line_is(install, monkeypatch):
    output = install()
    monkeypatch.setattr("otel_distro.logs.redaction.redact.redact_value", lambda key, value: 1 / 0)
    structlog.get_logger().info("hello", nested={"a": 1})
    event = next(event for event in output.events if event["message"] == "hello")
    assert event["fields"] == "[REDACTED: could not be examined]"
