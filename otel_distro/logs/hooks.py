# SPDX-License-Identifier: Apache-2.0
"""What Python would print to standard error by itself: warnings and exceptions that nobody caught, as log events."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from types import TracebackType

from otel_distro.logs.patch import Patches

_logger = logging.getLogger("python")


def install() -> Callable[[], None]:
    """Log warnings and uncaught exceptions; return what undoes it. Hooks that somebody else set are still called."""
    patches = Patches()
    patches.set(sys, "excepthook", _logging_excepthook(sys.excepthook))
    patches.set(threading, "excepthook", _logging_thread_hook(threading.excepthook))
    patches.set(warnings, "showwarning", _logging_showwarning(warnings.showwarning))
    return patches.undo


ExceptHook = Callable[[type[BaseException], BaseException, "TracebackType | None"], object]
ThreadHook = Callable[[threading.ExceptHookArgs], object]


def _logging_excepthook(before: ExceptHook) -> ExceptHook:
    # Before Python 3.11 the backport of exception groups, which anyio brings, puts a printing hook of its own in place.
    only_prints = before is sys.__excepthook__ or before.__module__.startswith("exceptiongroup")

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, Exception):
            _logger.critical("uncaught exception", exc_info=(kind, error, trace))
        if not only_prints or not issubclass(kind, Exception):
            before(kind, error, trace)

    return excepthook


def _logging_thread_hook(before: ThreadHook) -> ThreadHook:
    def excepthook(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        name = args.thread.name if args.thread else "unknown"
        _logger.critical("uncaught exception in thread %s", name, exc_info=(type(error), error, args.exc_traceback))
        if before is not threading.__excepthook__:
            before(args)

    return excepthook


def _logging_showwarning(before: Callable[..., object]) -> Callable[..., None]:
    def showwarning(  # noqa: PLR0913, PLR0917 - the signature that the warnings module calls
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        if file is not None:
            before(message, category, filename, lineno, file, line)
            return
        fields = {"category": category.__name__, "file": filename, "line": lineno}
        logging.getLogger("py.warnings").warning("%s", message, extra=fields)

    return showwarning
