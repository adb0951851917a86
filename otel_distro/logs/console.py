# SPDX-License-Identifier: Apache-2.0
"""Lines for people: time, level and message in columns, then the fields, then the traceback as Python prints it."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from otel_distro.logs.fields import ALWAYS, DEPLOYMENT, EXPORTED, SPAN_IDS

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
_SHORT_ID: Final = 8
# In the columns, on lines of their own, or the same on every line of a terminal.
_BLOCKS: Final = ("stack", "exception")
_PLACED: Final = frozenset((*ALWAYS, *SPAN_IDS, *DEPLOYMENT, *_BLOCKS, EXPORTED))


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
        parts = [
            self._paint(_DIM, event["timestamp"][11:23]),
            self._paint(_COLOURS[level], f"{level:<8}"),
            self._paint(_BOLD, f"{event['message']:<{_MESSAGE_WIDTH}}"),
            *self._fields(event),
            self._paint(_DIM, f"[{event['logger']}]"),
        ]
        if "trace_id" in event:
            parts.append(self._paint(_DIM, event["trace_id"][:_SHORT_ID]))
        text = " ".join(parts)
        for block in _BLOCKS:
            if block in event:
                text += f"\n{event[block]}"
        return (text + "\n").encode("utf-8", "replace")

    def _fields(self, event: dict[str, Any]) -> list[str]:
        trace_id = event.get("trace_id")
        shown = ((key, value) for key, value in event.items() if key not in _PLACED)
        # Ids that only repeat the trace id tell a person nothing.
        return [f"{self._paint(_DIM, key)}={_value(value)}" for key, value in shown if value != trace_id]

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours else text


def wants_colours() -> bool:
    """Whether standard output is a terminal that shows colours."""
    try:
        return sys.stdout is not None and sys.stdout.isatty()
    except ValueError:  # closed
        return False


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value if value.isprintable() and value and " " not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)
