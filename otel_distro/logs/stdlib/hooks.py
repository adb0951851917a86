# SPDX-License-Identifier: Apache-2.0
"""What Python would print to standard error by itself: warnings and exceptions that nobody caught, as log events.

In a server they are lines like all others. Any other program's go where Python prints them, as Python prints them, and
are events for the exporter only.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from otel_distro.ground.patch import Patches
from otel_distro.logs.emit import Emitter
from otel_distro.logs.stdlib.records import OwnLogger


def install(emitter: Emitter) -> Callable[[], None]:
    """Log warnings and uncaught exceptions; return what undoes it. Hooks that somebody else set are still called."""
    patches = Patches()
    events = _Events(emitter)
    patches.set(sys, "excepthook", _logging_excepthook(sys.excepthook, events))
    patches.set(threading, "excepthook", _logging_thread_hook(threading.excepthook, events))
    patches.set(warnings, "showwarning", _logging_showwarning(warnings.showwarning, events))
    return patches.undo


class _Events:
    """Makes events of what Python would print, and says whether that is in place of the printing."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._python = OwnLogger("python")
        self._warnings = OwnLogger("py.warnings")

    def uncaught(self, message: str, error: BaseException) -> bool:
        """Tell of an exception."""
        if self._emitter.stdout.is_fixed():
            self._python.critical("%s", message, exc_info=error)
            return True
        self._export("critical", "python", message, {}, error)
        return False

    def warning(self, message: Warning | str, fields: dict[str, Any]) -> bool:
        """Tell of a warning."""
        if self._emitter.stdout.is_fixed():
            self._warnings.warning("%s", message, extra=fields)
            return True
        self._export("warning", "py.warnings", str(message), fields)
        return False

    def _export(self, *event: Any) -> None:
        if self._emitter.export is not None:
            self._emitter.event(*event)


ExceptHook = Callable[[type[BaseException], BaseException, "TracebackType | None"], object]
ThreadHook = Callable[[threading.ExceptHookArgs], object]


def _logging_excepthook(before: ExceptHook, events: _Events) -> ExceptHook:
    # Before Python 3.11 the backport of exception groups, which anyio brings, puts a printing hook of its own in place.
    only_prints = before is sys.__excepthook__ or before.__module__.startswith("exceptiongroup")

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        told = issubclass(kind, Exception) and events.uncaught("uncaught exception", error.with_traceback(trace))
        if not told or not only_prints:
            before(kind, error, trace)

    return excepthook


def _logging_thread_hook(before: ThreadHook, events: _Events) -> ThreadHook:
    def excepthook(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        name = args.thread.name if args.thread else "unknown"
        told = events.uncaught(f"uncaught exception in thread {name}", error)
        if not told or before is not threading.__excepthook__:
            before(args)

    return excepthook


def _logging_showwarning(before: Callable[..., object], events: _Events) -> Callable[..., None]:
    def showwarning(  # noqa: PLR0913, PLR0917 - the signature that the warnings module calls
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        fields = {"category": category.__name__, "file": filename, "line": lineno}
        if file is not None or not events.warning(message, fields):
            before(message, category, filename, lineno, file, line)

    return showwarning
