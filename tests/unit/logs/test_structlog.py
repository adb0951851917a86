# SPDX-License-Identifier: Apache-2.0
"""structlog in this process; the combinations of configurations are in tests/service/test_logs_matrix.py."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
import warnings

import pytest
import structlog
from opentelemetry.trace import Span, format_span_id, format_trace_id

from otel_distro.ground.request_ids import current


def test_an_event_has_the_contracts_fields_in_its_order(output):
    structlog.get_logger("shop").info("order placed", order_id=7)
    event = output.event
    assert list(event) == ["timestamp", "level", "service", "logger", "message", "environment", "version", "order_id"]
    assert {name: event[name] for name in list(event)[1:]} == {
        "level": "info",
        "service": "unit",
        "logger": "shop",
        "message": "order placed",
        "environment": "test",
        "version": "1.2.3",
        "order_id": 7,
    }


def test_an_event_inside_a_span_and_a_request_has_all_ids(output, span: Span):
    token = current.set({"request_id": "r-1", "correlation_id": "c-1"})
    try:
        structlog.get_logger().info("inside")
    finally:
        current.reset(token)
    context = span.get_span_context()
    assert output.event["trace_id"] == format_trace_id(context.trace_id)
    assert output.event["span_id"] == format_span_id(context.span_id)
    assert (output.event["request_id"], output.event["correlation_id"]) == ("r-1", "c-1")


def test_a_logger_without_a_name_is_named_after_its_module(output):
    structlog.get_logger().info("hello")
    assert output.event["logger"] == __name__


def test_context_variables_are_on_the_line_and_the_calls_own_values_win(output):
    structlog.contextvars.bind_contextvars(user_id="u-1", place="context")
    structlog.get_logger().info("hello", place="call")
    assert (output.event["user_id"], output.event["place"]) == ("u-1", "call")


def test_levels_below_the_configured_one_are_not_written(install):
    output = install(level="WARNING")
    log = structlog.get_logger()
    for method in ("debug", "info", "warning", "error", "critical", "exception", "fatal", "warn"):
        getattr(log, method)(method)
    levels = [(event["message"], event["level"]) for event in output.events]
    assert levels == [
        ("warning", "warning"),
        ("error", "error"),
        ("critical", "critical"),
        ("exception", "error"),
        ("fatal", "critical"),
        ("warn", "warning"),
    ]


def test_an_exception_is_its_cause_and_its_traceback(output):
    try:
        int("no number")
    except ValueError:
        structlog.get_logger().exception("failed")
    event = output.event
    assert event["error"] == "ValueError: invalid literal for int() with base 10: 'no number'"
    assert event["exception"].startswith("Traceback (most recent call last):")
    assert event["exception"].endswith("ValueError: invalid literal for int() with base 10: 'no number'")


def test_fields_named_like_the_contracts_own_are_kept_beside_them(output, span: Span):
    structlog.get_logger().info("hello", service="mine", trace_id="mine", message="mine", otlp="mine", userId=1)
    event = output.event
    assert (event["service"], event["message"]) == ("unit", "hello")
    assert event["trace_id"] == format_trace_id(span.get_span_context().trace_id)
    renamed = ("service_", "trace_id_", "message_", "otlp_")
    assert [event[name] for name in renamed] == ["mine"] * 4
    assert event["user_id"] == 1


def test_configure_once_after_us_is_not_a_repetition(output):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        structlog.configure_once(processors=[structlog.processors.KeyValueRenderer()])
    structlog.get_logger().info("hello", a=1)
    assert output.lines == ["a=1 event='hello'"]


def test_loggers_that_were_used_follow_a_later_configuration(output):
    log = structlog.get_logger()
    log.info("before")
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    log.info("after")
    assert output.lines[1:] == ["event='after'"]
    structlog.reset_defaults()
    log.info("reset")
    assert '"message":"reset"' in output.lines[2]


def test_processors_of_the_application_run_before_the_contracts_renderer(output):
    def add_region(_logger, _method, event):
        return {**event, "region": "eu"}

    structlog.configure(processors=[add_region, *structlog.get_config()["processors"]])
    structlog.get_logger().info("hello")
    assert output.event["region"] == "eu"


def test_an_own_renderer_gets_the_ids_and_no_secret(output, span: Span):
    structlog.configure(processors=[structlog.processors.KeyValueRenderer(key_order=["event", "password"])])
    structlog.get_logger().info("hello", password="hunter2", items=(1, 2))
    trace_id = format_trace_id(span.get_span_context().trace_id)
    (line,) = output.lines
    assert line.startswith(f"event='hello' password='[REDACTED]' items=(1, 2) trace_id='{trace_id}' span_id='")


def test_events_caught_by_the_applications_tests_are_as_they_were(output, span: Span):
    with structlog.testing.capture_logs() as captured:
        structlog.get_logger().info("hello", password="hunter2")
    assert captured == [{"event": "hello", "log_level": "info", "password": "hunter2"}]
    assert output.lines == []


def test_a_print_logger_with_a_file_of_its_own_keeps_it(output):
    file = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=file))
    structlog.get_logger().info("hello")
    assert '"message":"hello"' in file.getvalue()
    assert output.lines == []


def test_asynchronous_methods_keep_ids_and_caller(output, span: Span):
    async def log() -> None:
        await structlog.get_logger().ainfo("hello", item=1)

    asyncio.run(log())
    assert output.event["trace_id"] == format_trace_id(span.get_span_context().trace_id)
    assert output.event["logger"] == __name__


def test_the_callers_place_is_the_applications_not_ours(output):
    structlog.configure(
        processors=[
            structlog.processors.CallsiteParameterAdder([structlog.processors.CallsiteParameter.FUNC_NAME]),
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.get_logger().info("hello")
    assert '"func_name": "test_the_callers_place_is_the_applications_not_ours"' in output.lines[0]


def test_a_logger_of_the_standard_library_that_is_switched_off_says_nothing(output):
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    logging.getLogger("quiet").setLevel(logging.ERROR)
    structlog.get_logger("quiet").info("hello")
    logging.getLogger("quiet").setLevel(logging.NOTSET)
    assert output.lines == []


def test_loggers_survive_pickling(output):
    log = structlog.get_logger("pickled", a=1)
    log.info("before")
    pickle.loads(pickle.dumps(log)).info("after")
    pickle.loads(pickle.dumps(log.bind(b=2))).info("bound")
    assert [(event["message"], event["a"]) for event in output.events] == [("before", 1), ("after", 1), ("bound", 1)]


def test_a_value_whose_repr_raises_is_named_and_the_line_is_written(output):
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    structlog.get_logger().info("hello", broken=Broken(), nested=[Broken()])
    named = "<Broken: RuntimeError when read>"
    assert (output.event["broken"], output.event["nested"]) == (named, [named])


def test_anything_may_be_the_event(output):
    for event in (None, 42, {"a": 1}, ["x"]):
        structlog.get_logger().info(event)
    assert [event["message"] for event in output.events] == ["", "42", "{'a': 1}", "['x']"]


class Incomparable:
    """Like an array: a comparison is no answer."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return "incomparable"


def test_values_are_never_compared(output, span: Span):
    structlog.get_logger().info("hello", service="mine", array=Incomparable(), trace_id=Incomparable())
    assert (output.event["array"], output.event["trace_id_"]) == ("incomparable", "incomparable")


@pytest.mark.parametrize("theirs", ["front-trace-0001", 7, Incomparable()])
def test_a_trace_id_of_an_own_renderer_s_line_does_not_hide_the_real_one(output, span: Span, theirs):
    structlog.configure(processors=[structlog.processors.JSONRenderer(default=str)])
    structlog.get_logger().info("hello", trace_id=theirs)
    line = json.loads(output.lines[-1])
    assert line["trace_id"] == format_trace_id(span.get_span_context().trace_id)
    assert line["trace_id_"] is not None
    assert line["span_id"] == format_span_id(span.get_span_context().span_id)


def test_the_same_trace_id_stands_once(output, span: Span):
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    trace_id = format_trace_id(span.get_span_context().trace_id)
    structlog.get_logger().info("hello", trace_id=trace_id)
    assert output.lines[-1].count(trace_id) == 1


def test_what_no_logger_can_take_is_refused_as_structlog_refuses_it(output):
    structlog.configure(processors=[lambda *_: 5])
    with pytest.raises(ValueError, match="Last processor"):
        structlog.get_logger().info("hello")
    assert output.lines == []
