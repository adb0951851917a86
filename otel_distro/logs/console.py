# SPDX-License-Identifier: Apache-2.0
"""Lines for people: time, level and message in columns, then the fields, then the traceback as Python prints it."""

from __future__ import annotations

import json
from typing import Any, Final

from otel_distro.logs.fields import ACCESS_LOGGER, ALWAYS, DEPLOYMENT, EXPORTED, REQUEST_IDS, SPAN_IDS
from otel_distro.logs.redaction.json_safe import printable
from otel_distro.settings.environ import wants_colours

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_BOLD: Final = "\x1b[1m"
_COLOURS: Final = {
    "debug": "\x1b[34m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[1;31m",
}
_MESSAGE_WIDTH: Final = 30
SHORT_ID: Final = 8
# In the columns, on lines of their own, or the same on every line of a terminal.
_BLOCKS: Final = ("stack", "exception")
_PLACED: Final = frozenset((*ALWAYS, *SPAN_IDS, *DEPLOYMENT, *_BLOCKS, EXPORTED))
# What the message of an access event says already, and who asked, which is mostly oneself.
_OF_ACCESS: Final = frozenset((*_PLACED, *REQUEST_IDS, "method", "path", "route", "status_code", "client", "aborted"))


class Readers:
    """Who reads a stream: people get lines for people, programs JSON.

    Args:
        json: what was chosen for all streams; None to give people at a terminal what is for people.
    """

    def __init__(self, *, json: bool | None = None) -> None:
        self._json = json
        self._renderers = {colours: ConsoleRenderer(colours=colours) for colours in (False, True)}

    def are_people(self, stream: Any) -> bool:
        """Whether lines for people shall be written to a stream."""
        return is_terminal(stream) if self._json is None else not self._json

    def renderer_for(self, stream: Any) -> ConsoleRenderer | None:
        """Return what renders the lines of a stream for people; None for JSON."""
        if not self.are_people(stream):
            return None
        wanted = wants_colours()
        return self._renderers[is_terminal(stream) if wanted is None else wanted]


class ConsoleRenderer:
    """Renders events for a terminal.

    Args:
        colours: whether to use colours.
    """

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, event: dict[str, Any]) -> bytes:
        """Return the event as one line, followed by stack and traceback if it has them."""
        level = event["level"]
        access = event["logger"] == ACCESS_LOGGER
        parts = [
            self._paint(_DIM, event["timestamp"][11:23]),
            self._paint(_COLOURS[level], f"{level:<8}"),
            self._paint(_BOLD, f"{printable(event['message']):<{_MESSAGE_WIDTH}}"),
            *self._fields(event, _OF_ACCESS if access else _PLACED),
        ]
        if not access:
            parts.append(self._paint(_DIM, f"[{printable(event['logger'])}]"))
        if "trace_id" in event:
            parts.append(self._paint(_DIM, event["trace_id"][:SHORT_ID]))
        lines = [" ".join(parts), *(self._block(name, event[name], level) for name in _BLOCKS if name in event)]
        return ("\n".join(lines) + "\n").encode("utf-8", "replace")

    def _fields(self, event: dict[str, Any], placed: frozenset[str]) -> list[str]:
        trace_id = event.get("trace_id")
        shown = ((key, value) for key, value in event.items() if key not in placed)
        # Ids that only repeat the trace id tell a person nothing.
        return [f"{self._paint(_DIM, printable(key))}={_value(value)}" for key, value in shown if value != trace_id]

    def _block(self, name: str, text: Any, level: str) -> str:
        """Return a traceback dimmed but for its last line, which says what happened."""
        above, feed, last = printable(str(text), lines=True).rpartition("\n")
        if name != "exception":
            return self._paint(_DIM, f"{above}{feed}{last}")
        return f"{self._paint(_DIM, above) if above else ''}{feed}{self._paint(_COLOURS[level], last)}"

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours else text


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal, as far as it tells."""
    try:
        return stream is not None and bool(stream.isatty())
    except Exception:  # noqa: BLE001 - closed, detached, without the method: the stream is the application's
        return False


def _value(value: Any) -> str:
    if isinstance(value, str) and value and value.isprintable() and " " not in value:
        return value
    return printable(json.dumps(value, ensure_ascii=False, default=str))
