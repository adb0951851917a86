# SPDX-License-Identifier: Apache-2.0
"""The line of an ordinary access event, written without an event in between.

Every request has one, and most are alike: answered, quick, on a known route. What their lines share is encoded once;
what differs is a few texts that need no escaping. Byte for byte the line is what `Emitter.emit` would have written,
and whatever is not ordinary goes that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import time_ns
from typing import Any, Final

from otel_distro.logs.emit import Emitter
from otel_distro.logs.encode import encode
from otel_distro.logs.redaction.redact import redact_fields, redact_long
from otel_distro.logs.stdout import PIPE_BUF

_MOST_KEPT: Final = 2048
_LONGEST_TEXT: Final = 512
_LONGEST_KEPT: Final = 128

# What stands between timestamp and ids; between ids and path; between path and duration; after the duration; and what an
# exporter gets as level, logger and message.
_Parts = tuple[str, str, str, str, dict[str, Any]]
_EXPORTED: Final = b',"otlp":true}\n'


class AccessLines:
    """Writes the ordinary access events of one emitter.

    Args:
        emitter: whose lines these are; it is plain.
        logger: the name of the logger.
    """

    def __init__(self, emitter: Emitter, logger: str) -> None:
        self._emitter = emitter
        self._most = min(PIPE_BUF, emitter.most) - len(_EXPORTED)
        self._exports = emitter.export is not None
        self._parts = _Shared(emitter, logger)
        self._plain = _Plain()

    def write(  # noqa: PLR0913, PLR0917 - the fields of the access event
        self,
        method: str,
        path: str,
        route: str,
        status: int,
        duration_ms: float,
        client: str,
        span: Any,
        ids: Mapping[str, str],
    ) -> bool:
        """Export and write the event; False if it is not ordinary after all, and nothing was done.

        Args:
            method: the request's method.
            path: without a query string; one with it goes the long way.
            route: the template that matched.
            status: what was sent.
            duration_ms: milliseconds.
            client: the peer's address.
            span: the server span.
            ids: the correlation ids of the request, harmless as `http.correlation` leaves them.
        """
        parts, plain = self._parts[method, route, status], self._plain
        if parts is None or not (plain[path] and plain[client]):
            return False
        try:
            ours = f'"trace_id":"{span.trace_id_hex}","span_id":"{span.span_id_hex}"'
        except AttributeError:  # another library's span
            return False
        head, middle, after, end, told = parts
        for name, value in ids.items():
            ours += f',"{name}":"{value}"'
        emitter, now, duration_ms = self._emitter, time_ns(), round(duration_ms, 3)
        line = (
            f'{{"timestamp":"{emitter.timestamp(now)}",{head},{ours},{middle}{path}{after}{duration_ms},{end}"{client}"'
        ).encode()
        if len(line) > self._most:
            return False
        if self._exports:
            fields = {**ids, "method": method, "path": path, "status_code": status, "duration_ms": duration_ms}
            fields["route"], fields["client"] = route, client
            if emitter.accepts(now, told, span, None, fields):
                emitter.stdout.put(line + _EXPORTED)
                return True
        emitter.stdout.put(line + b"}\n")
        return True


class _Shared(dict[tuple[str, str, int], "_Parts | None"]):
    """What the lines of one method, route and status share; None where something in it is to be redacted."""

    def __init__(self, emitter: Emitter, logger: str) -> None:
        super().__init__()
        self._emitter = emitter
        self._logger = logger

    def __missing__(self, key: tuple[str, str, int]) -> _Parts | None:
        parts = self._encoded(*key)
        if len(key[0]) + len(key[1]) < _LONGEST_TEXT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[key] = parts
        return parts

    def _encoded(self, method: str, route: str, status: int) -> _Parts | None:
        known = {"method": method, "path": "/", "status_code": status, "duration_ms": 0.5, "route": route, "client": ""}
        examined: dict[str, Any] = {}
        redact_fields(known, examined)
        if examined != known:  # names or values that somebody wants redacted
            return None
        message = redact_long(f"{method} {route} {status}")
        head = {"level": "info", "service": self._emitter.service, "logger": self._logger, "message": message}
        middle = _inner({**self._emitter.constants, "method": method, "path": ""})[:-1]
        after = f'","status_code":{status},"duration_ms":'
        return _inner(head), middle, after, _inner({"route": route, "client": ""})[:-2], head


def _inner(fields: dict[str, Any]) -> str:
    """Return an object's members as JSON, without its braces."""
    return encode(fields).decode()[1:-2]


class _Plain(dict[str, bool]):
    """Whether a path or an address stands in a line as it is: nothing to escape, nothing to redact or cut off."""

    def __missing__(self, text: str) -> bool:
        plain = _is_plain(text)
        if len(text) < _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[text] = plain
        return plain


def _is_plain(text: str) -> bool:
    return (
        text.isascii()
        and text.isprintable()
        and len(text) < _LONGEST_TEXT
        and '"' not in text
        and "\\" not in text
        and "?" not in text  # a query string, where some server left one in the path
        and redact_long(text) is text
    )
