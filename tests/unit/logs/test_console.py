# SPDX-License-Identifier: Apache-2.0
"""Lines for people."""

from __future__ import annotations

import re

import structlog
from opentelemetry.trace import Span, format_trace_id

from otel_distro.ground.request_ids import current
from otel_distro.logs.console import ConsoleRenderer

EVENT = {
    "timestamp": "2026-11-21T10:00:00.123456Z",
    "level": "info",
    "service": "api",
    "logger": "app",
    "message": "hello",
    "text": "two words",
    "number": 1,
}


def test_a_line_has_time_level_message_and_fields_in_columns():
    line = ConsoleRenderer(colours=False)(EVENT).decode()
    assert line == f'10:00:00.123 info     {"hello":<30} text="two words" number=1 [app]\n'


def test_colours_surround_what_they_mark():
    plain, coloured = (ConsoleRenderer(colours=colours)(EVENT).decode() for colours in (False, True))
    assert "\x1b[32minfo" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_the_trace_id_is_short_and_is_not_repeated(install, span: Span):
    output = install(json=False)
    trace_id = format_trace_id(span.get_span_context().trace_id)
    token = current.set({"request_id": trace_id, "correlation_id": "c-1"})
    structlog.get_logger("app").info("hello", password="hunter2")
    current.reset(token)
    (line,) = output.lines
    assert line.endswith(f" [app] {trace_id[:8]}")
    assert "password=[REDACTED]" in line
    assert trace_id not in line
    assert "correlation_id=c-1" in line
    assert "hunter2" not in line


def test_a_traceback_is_printed_as_python_does(install):
    output = install(json=False)
    try:
        int("x")
    except ValueError:
        structlog.get_logger("app").exception("failed")
    assert output.lines[1] == "Traceback (most recent call last):"
    assert output.lines[-1] == "ValueError: invalid literal for int() with base 10: 'x'"


def test_what_is_not_printable_can_neither_colour_nor_forge_a_line():
    hostile = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u2028\n10:00:00.000 info forged\r"
    event = {
        **EVENT,
        "message": hostile,
        "logger": hostile,
        "text": hostile,
        hostile: 1,
        "exception": f"Traceback\n\t{hostile}",
    }
    line, *rest = ConsoleRenderer(colours=False)(event).decode().splitlines()
    assert line.startswith("10:00:00.123 info ")
    assert [each for each in line if not each.isprintable()] == []
    assert rest == [
        "Traceback",
        "\t" + hostile.split("\n", maxsplit=1)[0].encode("unicode_escape").decode(),
        "10:00:00.000 info forged\\r",
    ]
