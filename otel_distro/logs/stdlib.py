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
from otel_distro.logs import access
from otel_distro.logs.console_handlers import marking_basic_config, stands_in_for_ours, writes_to_console
from otel_distro.logs.decorate import decorating
from otel_distro.logs.emit import Emitter, Event, counted
from otel_distro.logs.patch import Patches, standing_in
from otel_distro.logs.records import RecordWithIds, Rendered, level_name, said
from otel_distro.variables import LogSettings

CHATTY_LIBRARIES: Final = ("httpx", "httpcore")


def install(emitter: Emitter, settings: LogSettings) -> Callable[[], None]:
    """Send what the standard library logs through the emitter; return what undoes it."""
    patches = Patches()
    patches.set(logging.Logger, "callHandlers", _call_handlers(emitter))
    patches.set(logging.Handler, "format", decorating(logging.Handler.format))
    patches.set(logging, "basicConfig", marking_basic_config(logging.basicConfig))
    levels = _set_levels(settings)
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(RecordWithIds)

    def undo() -> None:
        patches.undo()
        if logging.getLogRecordFactory() is RecordWithIds:
            logging.setLogRecordFactory(logging.LogRecord)
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

    @standing_in("logging")
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        left_out = _left_out(emitter, record)
        if left_out is None:
            return
        # Exported before the handlers run, so that each line can say whether the collector has it already.
        event = _guarded(_exported_event, emitter, record, left_out) if emitter.export is not None else None
        if _ask_handlers(self, record, replaced=access.replaces(record.name)):
            _guarded(_write, emitter, record, event or left_out)

    return call_handlers


def _guarded(step: Callable[..., Event | None], *args: object) -> Event | None:
    try:
        return step(*args)
    except Exception as error:  # noqa: BLE001 - the boundary: logging never raises into the application
        fault("log record", error)
        return None


@standing_in("logging")
def _ask_handlers(logger: logging.Logger, record: logging.LogRecord, *, replaced: bool) -> bool:
    """Pass the record to the application's handlers, as the standard library does; whether the line is ours to write.

    The console gets no line that the access event replaces, whoever's handler would write it.
    """
    level, found, on_console, ours = record.levelno, False, False, False
    current: logging.Logger | None = logger
    while current:
        for handler in current.handlers:
            found = True
            if stands_in_for_ours(handler, current.name):
                ours = True
            elif replaced and writes_to_console(handler):
                continue
            elif level >= handler.level:
                handler.handle(record)
                on_console = on_console or writes_to_console(handler)
        if not current.propagate and current.parent:
            # A logger kept to itself writes where its handlers do; with none, warnings would go to `lastResort`.
            ours = ours or (not found and level >= logging.WARNING)
            break
        current = current.parent
    else:
        ours = True
    return ours and not on_console and not replaced


def _left_out(emitter: Emitter, record: logging.LogRecord) -> int | None:
    """Sample by the unformatted message: lines that differ in their arguments only repeat each other."""
    if isinstance(record.msg, Rendered):
        return 0
    return emitter.left_out(level_name(record.levelno), record.name, str(record.msg))


def _exported_event(emitter: Emitter, record: logging.LogRecord, left_out: int) -> Event | None:
    """Build the event and hand it to the exporter, unless structlog's side did or the access event stands for it."""
    if isinstance(record.msg, Rendered) or access.replaces(record.name):
        return None
    event = _event(emitter, record, left_out)
    if isinstance(record, RecordWithIds):
        record.exported = "otlp" in event
    return event


def _event(emitter: Emitter, record: logging.LogRecord, left_out: int) -> Event:
    level, logger, message, fields, error = said(record)
    return emitter.event(level, logger, message, counted(fields, left_out), error)


def _write(emitter: Emitter, record: logging.LogRecord, event: Event | int) -> None:
    if isinstance(record.msg, Rendered):
        emitter.stdout.write(record.msg.encode("utf-8", "replace") + b"\n")
    else:
        emitter.write(_event(emitter, record, event) if isinstance(event, int) else event)
