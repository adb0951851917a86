# SPDX-License-Identifier: Apache-2.0
"""The access event: its fields, its level, its marks."""

from __future__ import annotations

import io
import logging
import sys

import pytest
import structlog
from opentelemetry.context import Context

from otel_distro.ground.observed import observed
from otel_distro.http import correlation
from otel_distro.logs.access import event as access
from otel_distro.upstream.context import SPAN_KEY, attach_context, detach_context

REQUEST = {
    "method": "GET",
    "path": "/items/5",
    "route": "/items/{id}",
    "status_code": 200,
    "duration_ms": 1.23456,
    "client": "127.0.0.1",
}


def test_an_ordinary_request(output):
    access.emit(**REQUEST)
    event = output.event
    assert (event["level"], event["logger"], event["message"]) == (
        "info",
        "otel_distro.access",
        "GET /items/{id} 200",
    )
    assert {name: event[name] for name in REQUEST} == {**REQUEST, "duration_ms": 1.235}


@pytest.mark.parametrize(
    ("change", "level", "marks"),
    [
        ({"status_code": 404, "route": None}, "warning", {}),
        ({"status_code": 500}, "error", {}),
        ({"status_code": 500, "error": ValueError("no")}, "error", {"error": "ValueError: no"}),
        ({"status_code": None}, "warning", {"aborted": True}),
        ({"duration_ms": 6000}, "warning", {"slow": True}),
        ({"method": "WEBSOCKET", "status_code": 101, "duration_ms": 60_000}, "info", {}),
        ({"path": "/a?token=b"}, "info", {"path": "/a"}),
    ],
)
def test_levels_and_marks(output, change, level, marks):
    access.emit(**{**REQUEST, **change})
    assert output.event["level"] == level
    assert {name: output.event[name] for name in marks} == marks
    assert {"aborted", "slow", "error"} & set(output.event) == {"aborted", "slow", "error"} & set(marks)


def test_below_the_level_nothing_is_written(install):
    output = install(level="ERROR")
    access.emit(**REQUEST)
    access.emit(**{**REQUEST, "status_code": 503})
    assert output.event["status_code"] == 503


def test_the_begin_of_a_request_is_told_if_asked_for(install):
    output = install(access_start=True)
    access.started(method="GET", path="/a", client=None)
    assert (output.event["message"], output.event["path"]) == ("GET /a started", "/a")


def test_by_default_only_the_end_is_told(output):
    access.started(method="GET", path="/a", client=None)
    assert output.lines == []


def test_the_servers_own_lines_stop_once_an_application_emits_events(output):
    server = logging.getLogger("uvicorn.access")
    server.info('%s - "%s"', "127.0.0.1", "GET /?token=abc")
    access.take_over()
    mark = observed.set(True)
    server.info("again")
    observed.reset(mark)
    assert output.event["message"] == '127.0.0.1 - "GET /?token=[REDACTED]"'


def test_switched_off_the_servers_lines_stay(install):
    output = install(access=False)
    access.take_over()
    access.emit(**REQUEST)
    logging.getLogger("uvicorn.access").info("the server's")
    assert output.event["message"] == "the server's"


def test_a_handler_that_the_application_gave_the_server_writes_no_second_line(output):
    server, file = logging.getLogger("uvicorn.access"), io.StringIO()
    server.addHandler(logging.StreamHandler(sys.stdout))
    server.addHandler(logging.StreamHandler(file))
    server.setLevel(logging.INFO)
    access.take_over()
    mark = observed.set(True)
    server.info("the server's")
    observed.reset(mark)
    server.handlers.clear()
    server.setLevel(logging.NOTSET)
    assert (output.lines, file.getvalue()) == ([], "the server's\n")


class _InSpan:
    trace_id_hex = "0af7651916cd43dd8448eb211c80319c"
    span_id_hex = "b7ad6b7169203331"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"path": "/items/käse"},
        {"path": '/items/"quoted"\\'},
        {"path": "/items/ghp_0123456789abcdefghijABCDEFGHIJ012345"},
        {"path": "/items/" + "long" * 2000},
        {"path": "/items/5?q=1"},
        {"route": '/items/{"odd"}', "duration_ms": 123456.789},
        {"status_code": 302, "client": "unix:\n"},
    ],
)
def test_the_short_way_writes_what_the_long_way_writes(output, change):
    """The same request twice: with what its own line needs at hand, and from the context."""
    request, span = {**REQUEST, **change}, _InSpan()
    ids = {"request_id": "abc-1", "correlation_id": "x"}
    token = correlation.current.set(ids)
    context = attach_context(Context({SPAN_KEY: span}))
    try:
        access.emit(**request, span=span, ids=ids)
        access.emit(**request, span=span)
    finally:
        detach_context(context)
        correlation.current.reset(token)
    short, long = (line.partition(",")[2] for line in output.lines)
    assert short == long


def server_says(error: Exception) -> None:
    """Log as uvicorn does when an application raises."""
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)


@pytest.mark.parametrize("said", ["stdlib", "structlog", "own renderer", "own handler"])
def test_a_traceback_that_the_application_has_logged_is_not_repeated_by_the_server(output, said):
    access.take_over()
    error = ValueError("no")
    if said == "own renderer":
        structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    logger = logging.getLogger("shop") if "std" in said or "handler" in said else structlog.get_logger("shop")
    handler = logging.StreamHandler(sys.stdout)
    if said == "own handler":
        handler.setFormatter(logging.Formatter('{"message": "%(message)s"}'))
        logger.addHandler(handler)
    logger.error("failed", exc_info=error)
    if said == "own handler":
        logger.removeHandler(handler)
    server_says(error)
    assert [line for line in output.lines if "ASGI" in line] == []
    assert sum("ValueError" in line for line in output.lines) == 1


@pytest.mark.parametrize("level", [None, logging.WARNING])
def test_a_traceback_that_nobody_has_logged_at_error_is_the_server_s_to_log(output, level):
    access.take_over()
    error = ValueError("no")
    if level is not None:
        logging.getLogger("shop").log(level, "odd", exc_info=error)
    server_says(error)
    assert [line.count("ValueError") > 0 for line in output.lines if "ASGI" in line] == [True]
