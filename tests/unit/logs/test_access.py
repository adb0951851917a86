# SPDX-License-Identifier: Apache-2.0
"""The access event: its fields, its level, its marks."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from otel_distro.logs import access

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
        ({"status_code": 500, "error": ValueError("no")}, "error", {"error": "no"}),
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
    server.info("again")
    assert output.event["message"] == '127.0.0.1 - "GET /?token=[REDACTED]"'


def test_switched_off_the_servers_lines_stay(install):
    output = install(access=False)
    access.take_over()
    access.emit(**REQUEST)
    logging.getLogger("uvicorn.access").info("the server's")
    assert output.event["message"] == "the server's"


def test_a_handler_that_the_application_gave_the_server_writes_no_second_line(output, capsys):
    server, file = logging.getLogger("uvicorn.access"), io.StringIO()
    server.addHandler(logging.StreamHandler(sys.stdout))
    server.addHandler(logging.StreamHandler(file))
    access.take_over()
    server.info("the server's")
    server.handlers.clear()
    assert (output.lines, file.getvalue()) == ([], "the server's\n")
