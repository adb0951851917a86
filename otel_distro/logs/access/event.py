# SPDX-License-Identifier: Apache-2.0
"""The access event: one structured line per request, in place of the server's own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, get_current_span

from otel_distro.ground.exceptions import is_failure
from otel_distro.ground.logged_exceptions import is_logged
from otel_distro.ground.observed import observed
from otel_distro.logs.access.choice import SERVER_LOGGERS, is_refused
from otel_distro.logs.access.line import AccessLines
from otel_distro.logs.emit import Emitter
from otel_distro.logs.errors import cause_of, exception_of
from otel_distro.logs.fields import ACCESS_LOGGER
from otel_distro.logs.redaction.json_safe import printable
from otel_distro.settings.model import LogSettings
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context, detach_context

LOGGER: Final = ACCESS_LOGGER
# What uvicorn and websockets say about a session, with its query string: the event at its end says it, too.
_WEBSOCKET_LOGGER: Final = "uvicorn.error"
_WEBSOCKET_LINE: Final = '%s - "WebSocket %s"'
_CONNECTION_LINES: Final = frozenset(("connection open", "connection closed", "connection rejected (%d %s)"))
_NUMBERS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_LONGEST_PATH: Final = 1024
WEBSOCKET: Final = "WEBSOCKET"


class _State:
    emitter: Emitter | None = None
    lines: AccessLines | None = None
    slow_ms = 5000.0
    settings = LogSettings()
    lowest = logging.INFO
    taken_over = False


def install(emitter: Emitter, settings: LogSettings) -> Callable[[], None]:
    """Send access events through the emitter; return what undoes it."""
    _State.emitter, _State.settings, _State.taken_over = emitter, settings, False
    _State.lowest = logging.getLevelName(settings.level)
    _State.slow_ms = settings.slow_request_seconds * 1000
    _State.lines = AccessLines(emitter, LOGGER) if emitter.is_plain and _State.lowest <= logging.INFO else None

    def undo() -> None:
        _State.emitter, _State.lines, _State.taken_over = None, None, False

    return undo


def take_over() -> None:
    """Say that an application of this process emits access events: the server's own lines stop."""
    _State.taken_over = _State.emitter is not None


def replaces(record: logging.LogRecord) -> bool:
    """Whether a record is the server's own line about a request, in whose place an access event of ours stands.

    So is uvicorn's "Exception in ASGI application", where the application has logged the exception and its traceback.

    What is answered around the applications that we observe, by a middleware or by an outer application, has none: there
    the server's line stays.
    """
    if not _State.taken_over:
        return False
    if record.name == _WEBSOCKET_LOGGER:
        if record.levelno <= logging.INFO:
            return _tells_of_websocket(str(record.msg))
        return record.exc_info is not None and is_logged(exception_of(record.exc_info))
    return record.name in SERVER_LOGGERS and observed.get()


def _tells_of_websocket(message: str) -> bool:
    """Whether uvicorn tells of a session that has an event; that a connection opens and closes, it tells of none else."""
    return message in _CONNECTION_LINES or (message.startswith(_WEBSOCKET_LINE) and observed.get())


def started(*, method: str, path: str, client: str | None) -> None:
    """Write the event of a request's begin, if `OTEL_DISTRO_ACCESS_LOG_START` asks for it."""
    emitter = _State.emitter
    if emitter is not None and _State.settings.access_start and _State.lowest <= logging.INFO:
        path = _shown(path)
        fields = {"method": method, "path": path, **({} if client is None else {"client": client})}
        _emit(emitter, "info", f"{method} {path} started", fields)


def emit(  # noqa: PLR0913 - the fields of the access event
    *,
    method: str,
    path: str,
    route: str | None,
    status_code: int | None,
    duration_ms: float,
    client: str | None,
    error: BaseException | None = None,
    span: Span | None = None,
    ids: Mapping[str, str] | None = None,
    aborted: bool = False,
) -> None:
    """Write the event of a request's end.

    Args:
        method: the request's method, or `WEBSOCKET` for a session, which may last without being slow.
        path: without the query string.
        route: the template that matched; None if none did.
        status_code: what was sent; None if nothing was.
        duration_ms: milliseconds until the last byte of the body.
        client: the peer's address.
        error: what the application raised; the server logs its traceback.
        span: the server span; None if it is the current one.
        ids: the correlation ids of the request, if the caller has them at hand.
        aborted: whether client or server went away before the answer was whole.
    """
    # The usual request is decided about here and not in a function more: a call costs each of them (docs/performance.md).
    emitter, lines = _State.emitter, _State.lines
    if emitter is None:
        return
    slow = duration_ms >= _State.slow_ms and method != WEBSOCKET
    if (
        lines is not None
        and not (route is None or status_code is None or client is None or ids is None)
        and status_code < 400
        and not aborted
        and error is None
        and not slow
        and emitter.stdout.fixed
        and not is_refused(logging.INFO, method, path, status_code, client)
        and lines.write(method, path, route, status_code, duration_ms, client, span, ids)
    ):
        return
    level = _level(status_code, error, odd=slow or aborted)
    if _NUMBERS[level] < _State.lowest or is_refused(_NUMBERS[level], method, path, status_code, client):
        return
    path = _shown(path)
    fields: dict[str, Any] = {"method": method, "path": path, "status_code": status_code}
    fields["duration_ms"] = round(duration_ms, 3)
    if route is not None:
        fields["route"] = route
    if client is not None:
        fields["client"] = client
    if level != "info":
        _mark(fields, slow=slow, error=error, aborted=aborted)
    end = "aborted" if aborted or not status_code else status_code
    with _inside(span):
        _emit(emitter, level, f"{method} {route or path} {end}", fields)


def _emit(emitter: Emitter, level: str, message: str, fields: dict[str, Any]) -> None:
    """Write an event's line where a server would have written its own; a test client has no such place."""
    if emitter.stdout.is_fixed():
        emitter.emit(level, LOGGER, message, fields)
    elif emitter.export is not None:
        emitter.event(level, LOGGER, message, fields)


def _shown(path: str) -> str:
    """Return as much of a path as spans show, without what upsets terminals: a stranger's is as long as the server takes."""
    return printable(path.partition("?")[0][:_LONGEST_PATH])


@contextmanager
def _inside(span: Span | None) -> Iterator[None]:
    """Make a span current for the moment, even if one further in is."""
    if span is None or get_current_span() is span:
        yield
        return
    token = attach_context(Context({**current_context(), SPAN_KEY: span}))
    try:
        yield
    finally:
        detach_context(token)


def _level(status: int | None, error: BaseException | None, *, odd: bool) -> str:
    # A request that was cancelled has not failed: its client, or its server, has gone away.
    if is_failure(error) or (status is not None and status >= 500):
        return "error"
    return "warning" if status is None or status >= 400 or odd else "info"


def _mark(fields: dict[str, Any], *, slow: bool, error: BaseException | None, aborted: bool) -> None:
    """Mark what went wrong: slow, aborted before an answer, failed."""
    if slow:
        fields["slow"] = True
    if fields["status_code"] is None:
        del fields["status_code"]
        aborted = True
    if aborted:
        fields["aborted"] = True
    if error is not None and is_failure(error):
        fields["error"] = cause_of(error)
