# SPDX-License-Identifier: Apache-2.0
"""Which handlers write to the console, and which of them only stand where our line belongs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Final

# Marks of handlers whose format nobody chose over ours: made by `basicConfig` itself, or by gunicorn for its own lines.
_MADE_BY_BASIC_CONFIG: Final = "_otel_distro_basic_config"
_MADE_BY_GUNICORN: Final = "_gunicorn"
_SERVER_FORMATTERS: Final = frozenset(("uvicorn.logging",))
# These servers give their handlers ordinary formatters.
_SERVER_LOGGERS: Final = frozenset(("hypercorn.error", "hypercorn.access", "_granian", "granian.access"))
_STANDARD_DESCRIPTORS: Final = (1, 2)


def writes_to_console(handler: logging.Handler) -> bool:
    """Whether a handler of the application writes its records to standard output or standard error."""
    if hasattr(handler, "queue"):
        # Behind a queue stands the application's own way out, also of another process; Python 3.12 knows which.
        listener = getattr(handler, "listener", None)
        return listener is None or any(writes_to_console(inner) for inner in listener.handlers)
    stream = getattr(handler, "stream", None)
    if stream is None:
        stream = getattr(getattr(handler, "console", None), "file", None)  # rich.logging.RichHandler
    return stream is not None and _is_console(stream)


def stands_in_for_ours(handler: logging.Handler, logger: str) -> bool:
    """Whether a console handler of a logger is a default that nobody chose: of `basicConfig`, or of a server."""
    if type(handler) is not logging.StreamHandler:
        return False
    marks = handler.__dict__
    default = (
        _MADE_BY_BASIC_CONFIG in marks
        or _MADE_BY_GUNICORN in marks
        or type(handler.formatter).__module__ in _SERVER_FORMATTERS
        or logger in _SERVER_LOGGERS
    )
    return default and writes_to_console(handler)


def marking_basic_config(original: Callable[..., None]) -> Callable[..., None]:
    """Build the `basicConfig` that remembers which handler it made by itself; the rest of it is the original."""

    def basic_config(**kwargs: Any) -> None:
        root = logging.root
        # `logging.info()` calls this without arguments: what that made must not get in the way of the application's.
        root.handlers = [handler for handler in root.handlers if _MADE_BY_BASIC_CONFIG not in handler.__dict__]
        if kwargs.get("handlers") is not None:
            kwargs["handlers"] = list(kwargs["handlers"])
        before = [*root.handlers, *(kwargs.get("handlers") or ())]
        original(**kwargs)
        for handler in root.handlers:
            if handler not in before:
                setattr(handler, _MADE_BY_BASIC_CONFIG, True)

    return basic_config


def _is_console(stream: Any) -> bool:
    if any(stream is standard for standard in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
        return True
    try:
        return stream.fileno() in _STANDARD_DESCRIPTORS
    except (AttributeError, OSError, ValueError):  # not a file, closed, or only in memory
        return False
