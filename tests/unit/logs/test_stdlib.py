# SPDX-License-Identifier: Apache-2.0
"""The standard library's logging in this process."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import logging.handlers
import queue
import sys

import pytest
from opentelemetry.trace import Span, format_trace_id

from otel_distro.logs.stdlib.decorate import with_ids
from otel_distro.settings.model import Settings

IDS = {"trace_id": "a" * 32, "span_id": "b" * 16, "request_id": "r-1"}


def without_pytest() -> None:
    """Take pytest's own handlers off the root, which it adds when a test begins and misses at its end."""
    logging.root.handlers.clear()


@pytest.fixture
def logger():
    """A logger of its own for each test."""
    made = logging.Logger.manager.getLogger("unit.stdlib")
    yield made
    made.handlers.clear()
    made.setLevel(logging.NOTSET)
    made.propagate = True


def test_arguments_extra_and_ids_are_on_the_line(output, logger, span: Span):
    logger.warning("%s of %d", "one", 2, extra={"order": {"id": 7}, "userId": "u"})
    event = output.event
    assert (event["level"], event["logger"], event["message"]) == ("warning", "unit.stdlib", "one of 2")
    assert (event["order"], event["user_id"]) == ({"id": 7}, "u")
    assert event["trace_id"] == format_trace_id(span.get_span_context().trace_id)


def test_exception_and_stack_are_on_the_line(output, logger):
    try:
        int("x")
    except ValueError:
        logger.exception("failed", stack_info=True)
    assert output.event["exception"].startswith("Traceback")
    assert "test_exception_and_stack_are_on_the_line" in output.event["stack"]


def test_arguments_that_do_not_fit_are_named_and_do_not_raise(output, logger):
    without_pytest()
    logger.warning("%d", "no number")
    assert output.event["message"] == "%d [arguments that do not fit: TypeError]"


@pytest.mark.parametrize(
    ("number", "name"), [(1, "debug"), (5, "debug"), (10, "debug"), (25, "info"), (35, "warning"), (60, "critical")]
)
def test_levels_between_the_named_ones_count_as_the_lower_one(install, logger, number, name):
    output = install(level="DEBUG")
    logger.setLevel(1)
    logger.log(number, "hello")
    assert output.event["level"] == name


def test_the_libraries_that_log_every_call_are_at_warning_unless_asked(output):
    logging.getLogger("httpx").info("HTTP Request: GET https://user:password@example.com")
    logging.getLogger("httpcore.connection").info("connected")
    logging.getLogger("httpx").warning("odd")
    assert output.event["message"] == "odd"


def test_the_level_of_the_libraries_can_be_chosen(install):
    output = install(library_level="INFO")
    logging.getLogger("httpx").info("HTTP Request")
    assert output.event["logger"] == "httpx"


def test_a_level_given_to_basic_config_is_honoured_and_its_handler_is_not_used(output, logger):
    without_pytest()
    logging.root.warning("before")
    logging.basicConfig(level=logging.DEBUG, format="plain %(message)s")
    logger.debug("after")
    assert [event["message"] for event in output.events] == ["before", "after"]
    assert output.errors == ""


def test_basic_config_with_a_file_writes_there_too(output, logger, tmp_path):
    without_pytest()
    logging.basicConfig(filename=tmp_path / "log", level=logging.INFO, format="%(message)s")
    logger.info("hello")
    assert output.event["message"] == "hello"
    assert (tmp_path / "log").read_text() == "hello\n"
    logging.root.handlers.pop().close()


def test_handlers_given_to_basic_config_are_the_applications(output, logger):
    without_pytest()
    handler = logging.StreamHandler(sys.stdout)
    logging.basicConfig(handlers=iter([handler]), format="own %(message)s", level=logging.INFO)
    logger.info("hello")
    assert output.lines == ["own hello"]


def test_dict_config_that_clears_the_root_does_not_silence_us(output, logger):
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO", "handlers": []}}
    )
    logger.info("hello")
    assert output.event["message"] == "hello"


def test_a_console_handler_with_a_level_of_its_own_decides_what_is_shown(output, logger):
    handler = logging.StreamHandler(sys.stdout)
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    logger.warning("hello")
    logger.error("bad")
    assert output.lines == ["bad"]


class Least:
    """What `logging` needs of a handler, and nothing more; not even a `__dict__`."""

    __slots__ = ("got",)
    level = logging.INFO

    def __init__(self):
        self.got = []

    def handle(self, record):
        self.got.append(record.getMessage())


class Guarding(Least):
    __slots__ = ()

    def __getattr__(self, name):
        raise RuntimeError(name)


@pytest.mark.parametrize("kind", [Least, Guarding])
def test_whatever_has_a_level_and_takes_records_is_a_handler(output, logger, kind):
    handler = kind()
    logger.addHandler(handler)
    logger.info("to %s", "me")
    logger.debug("not to me")
    assert handler.got == ["to me"]
    assert output.lines == []  # nobody can know whether it is on the console already


def test_a_logger_kept_to_itself_stays_so(output, logger):
    memory = io.StringIO()
    logger.addHandler(logging.StreamHandler(memory))
    logger.propagate = False
    logger.warning("to the file")
    assert (memory.getvalue(), output.lines) == ("to the file\n", [])


def test_a_logger_kept_to_itself_without_handlers_still_warns(output, logger):
    logger.propagate = False
    logger.info("quiet")
    logger.warning("loud")
    assert output.event["message"] == "loud"


def test_the_ids_of_a_record_are_those_of_its_moment_behind_a_queue(output, logger, span: Span):
    memory, records = io.StringIO(), queue.SimpleQueue()
    handler = logging.StreamHandler(memory)
    handler.setFormatter(logging.Formatter('{"message": "%(message)s"}'))
    listener = logging.handlers.QueueListener(records, handler)
    logger.addHandler(logging.handlers.QueueHandler(records))
    logger.warning("hello")
    listener.start()
    listener.stop()
    trace_id = format_trace_id(span.get_span_context().trace_id)
    assert json.loads(memory.getvalue())["trace_id"] == trace_id
    assert output.event["message"] == "hello"  # the server's own line, since what stands behind the queue is no console


def test_extra_may_be_named_like_the_ids(output, logger, span: Span):
    logger.warning("hello", extra={"trace_id": "mine", "span_id": "mine"})
    assert output.event["trace_id_"] == "mine"


def test_the_servers_own_handlers_give_way(output):
    from uvicorn.config import LOGGING_CONFIG

    logging.config.dictConfig(LOGGING_CONFIG)
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "coloured"})
    assert (output.event["message"], output.event["logger"]) == ("Started", "uvicorn.error")
    assert "color_message" not in output.event
    assert output.errors == ""
    for name in ("uvicorn", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def test_undoing_puts_logging_back():
    from otel_distro.logs import install

    before = (
        logging.Logger.callHandlers,
        logging.Handler.format,
        logging.basicConfig,
        logging.getLogRecordFactory(),
        sys.excepthook,
        logging.root.level,
        logging.getLogger("httpx").level,
    )
    install(Settings())()
    after = (
        logging.Logger.callHandlers,
        logging.Handler.format,
        logging.basicConfig,
        logging.getLogRecordFactory(),
        sys.excepthook,
        logging.root.level,
        logging.getLogger("httpx").level,
    )
    assert after == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", json.dumps(IDS)),
        (
            '{"a": 1, "request_id": "x", "span_id": "y"}',
            f'{{"a": 1, "request_id": "x", "span_id_": "y", "trace_id": "{"a" * 32}", "span_id": "{"b" * 16}"}}',
        ),
        ("plain", f"plain trace_id={'a' * 32} span_id={'b' * 16}"),
        ("first\nTraceback", f"first trace_id={'a' * 32} span_id={'b' * 16}\nTraceback"),
        (f"has {'a' * 32}", f"has {'a' * 32}"),
    ],
)
def test_ids_are_added_to_lines_of_any_shape_once(text, expected):
    assert with_ids(text, IDS) == expected
    assert with_ids(expected, IDS) == expected


def test_a_trace_id_of_somebody_else_stays_beside_the_real_one():
    line = json.loads(with_ids('{"trace_id": "front-1", "message": "hello"}', IDS))
    assert (line["trace_id"], line["trace_id_"], line["message"]) == ("a" * 32, "front-1", "hello")


def test_a_line_of_json_says_that_its_record_was_exported():
    assert json.loads(with_ids('{"a": 1}', {}, exported=True)) == {"a": 1, "otlp": True}
    assert with_ids("plain", {}, exported=True) == "plain"
