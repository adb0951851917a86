# SPDX-License-Identifier: Apache-2.0
"""The access event: one structured line per request, in place of the server's own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, get_current_span

from otel_distro.logs.access_line import AccessLines
from otel_distro.logs.emit import Emitter
from otel_distro.logs.errors import cause_of
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context, detach_context
from otel_distro.variables import LogSettings

LOGGER: Final = "otel_distro.access"
_SERVER_LOGGERS: Final = frozenset(("uvicorn.access", "gunicorn.access", "hypercorn.access", "granian.access"))
_NUMBERS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
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


def replaces(logger: str) -> bool:
    """Whether a logger's lines are the server's own access lines and ours stand in their place."""
    return _State.taken_over and logger in _SERVER_LOGGERS


def started(*, method: str, path: str, client: str | None) -> None:
    """Write the event of a request's begin, if `OTEL_DISTRO_ACCESS_LOG_START` asks for it."""
    emitter = _State.emitter
    if emitter is not None and _State.settings.access_start and _State.lowest <= logging.INFO:
        fields = {"method": method, "path": path, **({} if client is None else {"client": client})}
        emitter.emit("info", LOGGER, f"{method} {path} started", fields)


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
    """
    emitter, lines = _State.emitter, _State.lines
    if emitter is None:
        return
    slow = duration_ms >= _State.slow_ms and method != WEBSOCKET
    if (
        lines is not None
        and not (route is None or status_code is None or client is None or ids is None)
        and status_code < 400
        and error is None
        and not slow
        and lines.write(method, path, route, status_code, duration_ms, client, span, ids)
    ):
        return
    level = _level(status_code, error, slow=slow)
    if _NUMBERS[level] < _State.lowest:
        return
    fields: dict[str, Any] = {"method": method, "path": path.partition("?")[0], "status_code": status_code}
    fields["duration_ms"] = round(duration_ms, 3)
    if route is not None:
        fields["route"] = route
    if client is not None:
        fields["client"] = client
    if level != "info":
        _mark(fields, slow=slow, error=error)
    with _inside(span):
        emitter.emit(level, LOGGER, f"{method} {route or path} {status_code or 'aborted'}", fields)


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


def _level(status: int | None, error: BaseException | None, *, slow: bool) -> str:
    # A request that was cancelled has not failed: its client, or its server, has gone away.
    if isinstance(error, Exception) or (status is not None and status >= 500):
        return "error"
    return "warning" if status is None or status >= 400 or slow else "info"


def _mark(fields: dict[str, Any], *, slow: bool, error: BaseException | None) -> None:
    """Mark what went wrong: slow, aborted before an answer, failed."""
    if slow:
        fields["slow"] = True
    if fields["status_code"] is None:
        del fields["status_code"]
        fields["aborted"] = True
    if isinstance(error, Exception):
        fields["error"] = cause_of(error)
