# SPDX-License-Identifier: Apache-2.0
"""Warnings, and exceptions that nobody caught."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import warnings

import pytest


def test_an_uncaught_exception_is_one_critical_line_and_nothing_on_standard_error(output):
    error = ValueError("password=hunter2")
    sys.excepthook(ValueError, error, None)
    assert (output.event["level"], output.event["error"]) == ("critical", "ValueError: password=[REDACTED]")
    assert output.errors == ""


def test_an_interrupt_is_left_to_python(output):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert output.lines == []
    assert "KeyboardInterrupt" in output.errors


def test_a_thread_that_fails_is_one_critical_line(monkeypatch, install):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # pytest has its own in place
    output = install()
    thread = threading.Thread(target=int, args=("x",), name="worker-7")
    thread.start()
    thread.join()
    assert output.event["message"] == "uncaught exception in thread worker-7"
    assert output.event["exception"].startswith("Traceback")


def test_a_thread_that_exits_says_nothing(output):
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    assert output.lines == []


def test_a_warning_is_a_line(output):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # catch_warnings has put the hook aside
        warnings.showwarning("old", DeprecationWarning, "module.py", 7)
    assert output.event["logger"] == "py.warnings"
    assert {name: output.event[name] for name in ("message", "category", "file", "line")} == {
        "message": "old",
        "category": "DeprecationWarning",
        "file": "module.py",
        "line": 7,
    }


def test_a_warning_for_a_file_is_left_to_the_hook_that_stood_before(monkeypatch, install):
    shown = []
    monkeypatch.setattr(warnings, "showwarning", lambda *arguments: shown.append(arguments))
    output = install()
    file = io.StringIO()
    warnings.showwarning("old", DeprecationWarning, "module.py", 7, file)
    assert shown == [("old", DeprecationWarning, "module.py", 7, file, None)]
    assert output.lines == []


def test_what_asyncio_reports_is_a_line(output):
    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "lost", "exception": ValueError("broken")})

    asyncio.run(run())
    assert (output.event["logger"], output.event["error"]) == ("asyncio", "ValueError: broken")


def test_a_program_that_does_not_serve_leaves_tracebacks_and_warnings_to_python(install):
    exported = []
    output = install(stream="auto", submit=lambda _scope, record: exported.append(record) or True)
    sys.excepthook(ValueError, ValueError("broken"), None)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("old", DeprecationWarning, "module.py", 7)
    assert output.lines == []
    assert output.errors == "ValueError: broken\n"  # the warning is pytest's here
    assert len(exported) == 2


def test_the_applications_handlers_get_nothing_of_what_python_would_print(output):
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append
    logging.root.handlers = [handler]
    sys.excepthook(ValueError, ValueError("broken"), None)
    assert (output.event["message"], kept) == ("uncaught exception", [])


@pytest.mark.parametrize("json", [False])
def test_lines_for_people_leave_tracebacks_to_python(install, json):
    output = install(json=json)
    sys.excepthook(ValueError, ValueError("broken"), None)
    assert output.lines == []
    assert "ValueError: broken" in output.errors
