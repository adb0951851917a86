# SPDX-License-Identifier: Apache-2.0
"""Which handlers show records on the console, and which of them only stand where our line belongs."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from otel_distro.upstream import format_of

# Marks of handlers whose format nobody chose over ours: made by `basicConfig` itself, or by gunicorn for its own lines.
_MADE_BY_BASIC_CONFIG: Final = "_otel_distro_basic_config"
_MADE_BY_GUNICORN: Final = "_gunicorn"
_SERVER_FORMATTERS: Final = frozenset(("uvicorn.logging", "celery.utils.log", "celery.app.log"))
# These servers give their handlers ordinary formatters.
_SERVER_LOGGERS: Final = frozenset(("hypercorn.error", "hypercorn.access", "_granian", "granian.access"))
_STANDARD_DESCRIPTORS: Final = (1, 2)
# Handlers that send records away, or only keep them: what they do is no line on the console.
_SENDING: Final = frozenset(
    [
        "logging",
        "_pytest",
        "opentelemetry",
        "sentry_sdk",
        "ddtrace",
        "newrelic",
        "elasticapm",
        "rollbar",
        "raven",
        "bugsnag",
        "airbrake",
        "azure",
        "google",
        "watchtower",
        "logging_loki",
        "logtail",
        "graypy",
        "logstash",
        "logstash_async",
        "fluent",
        "seqlog",
        "splunk_handler",
        "datadog",
    ]
)
_KEEPING: Final = frozenset(["append", "appendleft", "put", "put_nowait", "add"])


def shows_records(handler: logging.Handler) -> bool:
    """Whether a handler of the application brings its records to the console, by whichever way."""
    try:
        stream = getattr(handler, "stream", None)
        if stream is None:
            stream = getattr(getattr(handler, "console", None), "file", None)  # rich.logging.RichHandler
        return _passes_on(handler) if stream is None else is_console(stream)
    except Exception:  # noqa: BLE001  it needs no more than `handle` and `level`: one like no other is a way that was chosen
        return True


def _passes_on(handler: logging.Handler) -> bool:
    if hasattr(handler, "queue"):
        # Behind a queue stands the application's own way out, maybe in another process.
        listener = _listeners.get(id(handler.queue))
        return listener is None or any(shows_records(inner) for inner in listener.handlers)
    behind = [inner for inner in vars(handler).values() if isinstance(inner, logging.Handler) and inner is not handler]
    return any(map(shows_records, behind)) if behind else _is_way_out(type(handler).__module__, type(handler).emit)


def stands_in_for_ours(handler: logging.Handler, logger: str) -> bool:
    """Whether a console handler of a logger is a default that nobody chose: of `basicConfig`, or of a server."""
    if type(handler) is not logging.StreamHandler:
        return False
    marks = handler.__dict__
    default = (
        (_MADE_BY_BASIC_CONFIG in marks and marks[_MADE_BY_BASIC_CONFIG] is handler.formatter)
        or _MADE_BY_GUNICORN in marks
        or (type(handler.formatter).__module__ in _SERVER_FORMATTERS and _has_server_format(handler.formatter))
        or logger in _SERVER_LOGGERS
    )
    return default and is_console(handler.stream)


def made_by_a_server(handler: logging.Handler) -> bool:
    """Whether the handler that ours stands in for is one that only a running server makes."""
    return _MADE_BY_BASIC_CONFIG not in handler.__dict__


def marking_basic_config(original: Callable[..., None]) -> Callable[..., None]:
    """Build the `basicConfig` that marks the handler which it made by itself; all else is as it was."""

    @functools.wraps(original)
    def basic_config(**kwargs: Any) -> None:
        before = list(logging.root.handlers)
        given = kwargs.get("handlers") is not None
        original(**kwargs)
        for handler in logging.root.handlers:
            if not given and handler not in before:
                setattr(handler, _MADE_BY_BASIC_CONFIG, handler.formatter)

    return basic_config


def remembering_listeners(original: Callable[..., None]) -> Callable[..., None]:
    """Build the constructor of `QueueListener` that notes which handlers stand behind which queue."""

    @functools.wraps(original)
    def init(self: Any, queue: Any, *handlers: logging.Handler, **options: Any) -> None:
        original(self, queue, *handlers, **options)
        _listeners[id(queue)] = self

    return init


_listeners: WeakValueDictionary[int, Any] = WeakValueDictionary()


def is_console(stream: Any) -> bool:
    """Whether a stream is standard output or standard error, by whichever name."""
    if stream is sys.stdout or stream is sys.stderr or stream is sys.__stdout__ or stream is sys.__stderr__:
        return True
    try:
        known = _opened.get(stream)
        if known is None:
            known = _opened[stream] = _is_opened_console(stream.fileno())
    except Exception:  # noqa: BLE001  not a file, closed, only in memory, or hostile: the stream is the application's
        return False
    return known


# `/dev/stdout`, `os.dup(1)` and `docker run > file` are other descriptors of the same file.
_opened: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def _is_opened_console(number: int) -> bool:
    return number in _STANDARD_DESCRIPTORS or any(_are_same(number, standard) for standard in _STANDARD_DESCRIPTORS)


def _are_same(number: int, standard: int) -> bool:
    try:
        return os.path.sameopenfile(number, standard)
    except OSError:  # that one is closed
        return False


def _has_server_format(formatter: logging.Formatter | None) -> bool:
    celery = sys.modules.get("celery.app.defaults")
    return celery is None or not type(formatter).__module__.startswith("celery") or _is_celerys_own(formatter, celery)


def _is_celerys_own(formatter: Any, defaults: Any) -> bool:
    """Whether a format is Celery's default, and not what `worker_log_format` asks for."""
    return format_of(formatter) in {
        getattr(defaults, "DEFAULT_PROCESS_LOG_FMT", None),
        getattr(defaults, "DEFAULT_TASK_LOG_FMT", None),
    }


@functools.lru_cache(maxsize=256)
def _is_way_out(module: str, emit: Callable[..., object]) -> bool:
    """Whether handlers of a kind that has no stream print what they get, or pass it to another logger that does.

    Nobody can know that of foreign code; what merely sends or keeps records is recognised, all else is taken for the
    way that the application has chosen: better one line by it than two.
    """
    if module.partition(".")[0] in _SENDING:
        return False
    code = getattr(emit, "__code__", None)
    return code is None or _KEEPING.isdisjoint(code.co_names)
