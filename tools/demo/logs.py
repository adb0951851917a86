# SPDX-License-Identifier: Apache-2.0
"""The log lines of one request, across services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testbed.processes import json_objects

from demo.stack import Stack
from demo.terminal import Terminal

Line = Mapping[str, Any]

_LEVEL_COLOURS = {"debug": "dim", "info": "green", "warning": "yellow", "error": "red", "critical": "red"}
# What the row shows elsewhere, what is the same in every row, and what would fill the screen.
_NOT_REPEATED = {"timestamp", "level", "service", "logger", "message", "trace_id", "span_id", "request_id"}
_NOT_REPEATED |= {"correlation_id", "exception", "client", "method", "path", "route", "status_code"}


def lines_of(stack: Stack, trace_id: str) -> list[Line]:
    """Return the lines that both services have written to stdout under this trace id, by time."""
    lines = [line for service in stack.services.values() for line in json_objects(service.stdout)]
    return sorted((line for line in lines if line.get("trace_id") == trace_id), key=lambda line: line["timestamp"])


def complaints(stack: Stack) -> list[str]:
    """Return what the distribution itself has warned about, in either service."""
    lines = [line for service in stack.services.values() for line in json_objects(service.stdout)]
    return [str(line["message"]) for line in lines if line["logger"] == "otel_distro" and line["level"] != "info"]


def show_lines(terminal: Terminal, lines: list[Line], *, header: bool = True) -> None:
    rows = [_row(terminal, line) for line in lines]
    terminal.table(("time", "service", "level", "message") if header else (), rows, left=4)


def show_raw(terminal: Terminal, stack: Stack, trace_id: str) -> None:
    """Show one line as it stands on stdout, with the id that binds it to the others marked."""
    raw = next(line for line in stack.inference.stdout if trace_id in line)
    before, after = raw.split(trace_id, 1)
    terminal.block(terminal.paint(before, "dim") + terminal.paint(trace_id, "magenta") + terminal.paint(after, "dim"))


def _row(terminal: Terminal, line: Line) -> tuple[str, str, str, str]:
    clock = str(line["timestamp"])[11:23]
    level = str(line["level"])
    context = " ".join(f"{key}={value}" for key, value in line.items() if key not in _NOT_REPEATED)
    message = str(line["message"]) + (f"  {terminal.paint(context, 'dim')}" if context else "")
    service = terminal.paint(line["service"], service_colour(str(line["service"])))
    return terminal.paint(clock, "dim"), service, terminal.paint(level, _LEVEL_COLOURS.get(level, "dim")), message


def service_colour(name: str) -> str:
    return "cyan" if name == "chat_api" else "blue"
