# SPDX-License-Identifier: Apache-2.0
"""The id that an application's own middleware has bound for a request is the request's from then on.

Most adopt ours, which stand in the request's headers. One that insists on an id of its own keeps it somewhere before it calls
the application: in a ContextVar (`request_id`, `correlation_id_ctx_var`, structlog's), in a dict in one (starlette-context),
in `request.state`. So whatever stands innermost, behind all of them, finds it: before the first line of a handler and before
its first call. What such a middleware tells its client in the end is taken over in any case (`request.py`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any
from uuid import UUID

from opentelemetry.trace import get_current_span
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

from otel_distro import diagnostics
from otel_distro.ground.asgi import App, Receive, Scope, Send
from otel_distro.ground.request_ids import current
from otel_distro.http.correlation import CORRELATION_ID, FOREIGN_TRACE_ID, TRACE_ID_HEADER, field_name, harmless
from otel_distro.http.server.request import OBSERVED_KEY
from otel_distro.http.spans import forget_line_ids

_TRACE_ID = field_name(TRACE_ID_HEADER)
_BEFORE = re.compile(r"^.*[.:]|^_*(structlog_|current_|http_)?(x_)?")
_BEHIND = re.compile(r"(ctx|context|contextvar|var|cv)+$")
# What stands for no id, as in `ContextVar("request_id", default="-")`.
_NONE = re.compile(r"[^A-Za-z0-9]*\Z|(none|null|unknown|undefined|n/a)\Z", re.IGNORECASE)
_MOST_KEYS = 64
_LOOKS_IN_VAIN = 1000
_KNOWN_TO_BIND_NOTHING = ("starlette.", "fastapi.", "asgi_correlation_id.")  # the last is followed by `adopting.py`
_MISSING: Any = object()

Build = Callable[[], Any]


def build_with(application: Any, build: Build) -> Any:
    """Build an application's stack of middlewares with us innermost, if there is one among them that may bind ids."""
    middlewares = getattr(application, "user_middleware", None)
    if type(middlewares) is not list or not any(map(_may_bind, middlewares)):
        return build()
    innermost = Middleware(BoundIds)
    middlewares.append(innermost)
    try:
        return build()
    finally:
        with suppress(ValueError):  # the application may have made another list meanwhile
            middlewares.remove(innermost)


def _may_bind(middleware: Any) -> bool:
    kind = getattr(middleware, "cls", None)
    return kind is BaseHTTPMiddleware or not str(getattr(kind, "__module__", "")).startswith(_KNOWN_TO_BIND_NOTHING)


def squashed(name: str) -> str:
    """Return what is the same in all spellings of a name: `requestid` of `X-Request-ID` and of `request_id_ctx_var`."""
    plain = _BEFORE.sub("", name.lower().replace("-", "_"))
    return _BEHIND.sub("", plain.replace("_", ""))


class _Finder:
    """Finds the ids that were bound for a request since it was made."""

    def __init__(self) -> None:
        self._meant: dict[Any, str] = {}  # by a variable, or a key of a dict: the field that it seems to be, or ""
        self._fields: dict[str, str] = {}
        # What was there before any request is bound by none; of other kinds nothing is kept alive.
        self._before = {v: value for v, value in copy_context().items() if type(value) in (str, UUID, dict)}

    def take(self, scope: Scope) -> list[str]:
        """Have the request take what is found; return the fields of which something was."""
        ids, answered = current.get(), scope.get(OBSERVED_KEY)
        found: list[str] = []
        if not isinstance(ids, dict) or type(answered) is not list:
            return found
        if not self._fields:
            self._fields = {squashed(field): field for field in (*ids, _TRACE_ID)}
        for field, value in self._bound(scope):
            given = str(value) if isinstance(value, UUID) else value
            if type(given) is str and harmless(given) and not _NONE.match(given):
                found.append(field)
                if given not in ids.values():
                    adopt(field, given, ids, answered)
        return found

    def _bound(self, scope: Scope) -> Iterator[tuple[str, Any]]:
        """Yield what seems to be an id of this request: which one, and its value."""
        meant, before = self._meant, self._before
        for variable, value in copy_context().items():
            field = meant.get(variable)
            if field is None:
                field = self._field(variable)
            if field:
                if value is not before.get(variable, _MISSING):
                    yield field, value
            elif type(value) is dict and variable is not current and value is not before.get(variable, _MISSING):
                yield from self._among(value)
        state = scope.get("state")
        if state and type(state) is dict:
            yield from self._among(state)

    def _among(self, given: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in given.items() if len(given) <= _MOST_KEYS else ():
            if isinstance(key, str) and (field := self._field(key)):  # starlette-context's are of an enum
                yield field, value

    def _field(self, key: ContextVar[Any] | str) -> str:
        field = self._meant.get(key)
        if field is None:
            if len(self._meant) >= 1000:
                self._meant.clear()
            name = key if isinstance(key, str) else key.name
            field = self._meant[key] = self._fields.get(squashed(name), "")
        return field


class BoundIds:
    """The application behind all of its middlewares.

    Attributes:
        app: As middlewares call what is behind them.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._finder = _Finder()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request under the ids that were bound for it."""
        try:
            self._finder.take(scope)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        return self.app(scope, receive, send)


class OutsideIds:
    """What stands around the whole application, and so around us: `app = RequestIds(FastAPI())`.

    It cannot adopt our ids, and it tells its client the id that it has bound by itself: we do not tell it once more.
    """

    def __init__(self) -> None:
        self._finder = _Finder()
        self._in_vain = 0

    def take(self, scope: Scope) -> OutsideIds | None:
        """Take what is bound around a request; return who looks at the next one: nobody, after a thousand times in vain."""
        if fields := self._finder.take(scope):
            self._in_vain = 0
            answered = scope[OBSERVED_KEY]
            answered[:] = [pair for pair in answered if field_name(pair[0].decode("latin-1")) not in fields]
        else:
            self._in_vain += 1
        return self if self._in_vain < _LOOKS_IN_VAIN else None


def adopt(field: str, value: str, ids: dict[str, str], answered: list[tuple[bytes, bytes]]) -> None:
    """Have an id on all lines of the request from now on, on its access event and span, with calls and on the response.

    A trace id is not the span's: it is the correlation id, or a field of its own where there is one already.
    """
    if field == _TRACE_ID:
        told = dict(answered).get(TRACE_ID_HEADER.encode(), b"").decode("latin-1")
        if value.lower() == told:
            return
        field = CORRELATION_ID if told and ids.get(CORRELATION_ID) == told else FOREIGN_TRACE_ID
    ids[field] = value
    encoded = value.encode("latin-1")
    answered[:] = [(name, encoded if field_name(name.decode("latin-1")) == field else was) for name, was in answered]
    forget_line_ids(get_current_span())
