# SPDX-License-Identifier: Apache-2.0
"""The standard library's logging: one JSON line for every record that reaches the root.

No handler of ours stands on the root logger, where `dictConfig`, `fileConfig`, `basicConfig(force=True)` and servers
would sweep it away: `Logger.callHandlers` itself ends in our line. The application's handlers stay; if one of them
writes the record to the console, ours steps back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from otel_distro.diagnostics import fault
from otel_distro.logs.console_handlers import marking_basic_config, stands_in_for_ours, writes_to_console
from otel_distro.logs.emit import Emitter
from otel_distro.logs.patch import Patches
from otel_distro.logs.records import Rendered, error_of, fields_of, level_name, message_of
from otel_distro.variables import LogSettings

CHATTY_LIBRARIES: Final = ("httpx", "httpcore")


def install(emitter: Emitter, settings: LogSettings) -> Callable[[], None]:
    """Send what the standard library logs through the emitter; return what undoes it."""
    patches = Patches()
    patches.set(logging.Logger, "callHandlers", _call_handlers(emitter))
    patches.set(logging, "basicConfig", marking_basic_config(logging.basicConfig))
    levels = _set_levels(settings)

    def undo() -> None:
        patches.undo()
        for logger, before, ours in levels:
            if logger.level == ours:
                logger.setLevel(before)

    return undo


def _set_levels(settings: LogSettings) -> list[tuple[logging.Logger, int, int]]:
    """Set the root's level and the libraries', where nobody has; return (logger, before, ours)."""
    wanted = [("", logging.WARNING, settings.level)]
    wanted += [(name, logging.NOTSET, settings.library_level) for name in CHATTY_LIBRARIES]
    changed = []
    for name, untouched, level in wanted:
        logger = logging.getLogger(name)
        if logger.level == untouched:
            logger.setLevel(level)
            changed.append((logger, untouched, logger.level))
    return changed


def _call_handlers(emitter: Emitter) -> Callable[[logging.Logger, logging.LogRecord], None]:
    """Build the `callHandlers` that ends in our line."""

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if _ask_handlers(self, record):
            try:
                _emit(emitter, record)
            except Exception as error:  # noqa: BLE001 - the boundary: logging never raises into the application
                fault("log record", error)

    return call_handlers


def _ask_handlers(logger: logging.Logger, record: logging.LogRecord) -> bool:
    """Pass the record to the application's handlers, as the standard library does; whether the line is ours to write."""
    level, found, on_console, ours = record.levelno, False, False, False
    current: logging.Logger | None = logger
    while current:
        for handler in current.handlers:
            found = True
            if stands_in_for_ours(handler):
                ours = True
            elif level >= handler.level:
                handler.handle(record)
                on_console = on_console or writes_to_console(handler)
        if not current.propagate and current.parent:
            # A logger kept to itself writes where its handlers do; with none, warnings would go to `lastResort`.
            return not on_console and (ours or (not found and level >= logging.WARNING))
        current = current.parent
    return not on_console


def _emit(emitter: Emitter, record: logging.LogRecord) -> None:
    message = record.msg
    if isinstance(message, Rendered):
        emitter.stdout.write(message.encode("utf-8", "replace") + b"\n")
        return
    emitter.emit(level_name(record.levelno), record.name, message_of(record), fields_of(record), error_of(record))
