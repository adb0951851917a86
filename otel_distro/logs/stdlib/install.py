# SPDX-License-Identifier: Apache-2.0
"""The standard library's logging: one line for every record that no handler of the application shows.

No handler of ours stands on the root logger, where `dictConfig`, `fileConfig`, `basicConfig(force=True)` and servers
would sweep it away: `Logger.callHandlers` itself ends in our line. The application's handlers get what they would get
without us; if one of them is its way to the console, ours steps back.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Any, Final

from otel_distro.diagnostics import fault
from otel_distro.ground.patch import Patches, standing_in
from otel_distro.imports import when_imported
from otel_distro.logs import named_levels
from otel_distro.logs.access import event as access
from otel_distro.logs.emit import Emitter, Event, counted
from otel_distro.logs.errors import note_told
from otel_distro.logs.fields import EXPORTED
from otel_distro.logs.levels import Levels, unasked_for
from otel_distro.logs.named_levels import NamedLevels
from otel_distro.logs.redaction.redact import redact_text
from otel_distro.logs.stdlib.console_handlers import (
    made_by_a_server,
    marking_basic_config,
    remembering_listeners,
    shows_records,
    stands_in_for_ours,
)
from otel_distro.logs.stdlib.decorate import decorating, is_json_object, with_ids
from otel_distro.logs.stdlib.records import (
    OwnLogger,
    RecordWithIds,
    Rendered,
    event_of,
    ids_of,
    is_flat,
    level_name,
    mark,
)
from otel_distro.roles import begin_to_serve
from otel_distro.settings.model import LogSettings

_LAST_RESORT: Final = logging.lastResort
_OURS: Final = "otel_distro"
# Of an event of structlog's: told elsewhere in a record of the exporter.
_SAID_ELSEWHERE: Final = frozenset(("event", "level", "logger", "timestamp", "exc_info"))
# What Celery makes of all that is printed: a line of JSON, printed by the application's own logger, stays one.
_REDIRECTED: Final = "celery.redirected"


def install(emitter: Emitter, settings: LogSettings) -> Callable[[], None]:
    """Send what the standard library logs through the emitter; return what undoes it."""
    patches = Patches()
    levels = Levels(settings)
    patches.set(logging.Logger, "callHandlers", _call_handlers(emitter, levels))
    patches.set(logging.Handler, "format", decorating(logging.Handler.format, emitter.readers))
    patches.set(logging, "basicConfig", marking_basic_config(logging.basicConfig))
    forget = when_imported("logging.handlers", lambda: _remember_listeners(patches))
    undo_levels = levels.install()
    undo_named = named_levels.install(NamedLevels(settings.levels, settings.level))
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(RecordWithIds)

    def undo() -> None:
        forget()
        undo_named()
        undo_levels()
        patches.undo()
        if logging.getLogRecordFactory() is RecordWithIds:
            logging.setLogRecordFactory(logging.LogRecord)

    return undo


def _remember_listeners(patches: Patches) -> None:
    listener = sys.modules["logging.handlers"].QueueListener
    patches.set(listener, "__init__", remembering_listeners(listener.__init__))


def _call_handlers(emitter: Emitter, levels: Levels) -> Callable[[logging.Logger, logging.LogRecord], None]:
    """Build the `callHandlers` that ends in our line.

    It is one function, with the name and the file of logging's own: handlers that look for the caller count frames,
    or walk up through those of logging's file (loguru's `InterceptHandler`).
    """

    @standing_in("logging", like=logging.Logger.callHandlers)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        mark(record)
        left_out = _left_out(emitter, record) if emitter.is_watched else 0
        if left_out is None:
            return
        # Exported before the handlers run, so that each line can say whether the collector has it already.
        event = _guarded(_exported_event, emitter, record, left_out) if emitter.export is not None else None
        passage = _Passage(self, record, emitter)
        current: logging.Logger | None = self
        passing = None if event is None else emitter.passing_on(event)
        try:
            while current:
                for handler in current.handlers:
                    if passage.is_for(handler, current.name):
                        handler.handle(record)
                if not current.propagate:
                    break
                current = current.parent
        finally:
            if passing is not None:
                passing.end()
        resort = passage.resort()
        if resort is not None:
            resort.handle(record)
        elif passage.ends_with_us(levels, at_root=current is None):
            _guarded(_write, emitter, record, event, left_out, passage.stream)

    return call_handlers


class _Passage:
    """One record's way through the handlers, and what that says about our line."""

    # What most records leave as it is.
    _shown = _refused = _given = found = False
    _unasked: bool | None = None
    _unformatted: Any = None
    stream: Any = None

    def __init__(self, logger: logging.Logger, record: logging.LogRecord, emitter: Emitter) -> None:
        self._logger = logger
        self._record = record
        self._emitter = emitter
        self._hidden = access.replaces(record)

    def is_for(self, handler: logging.Handler, logger: str) -> bool:
        """Whether a handler shall get the record: those in whose place our line stands do not."""
        self.found = True
        if stands_in_for_ours(handler, logger):
            self._stand_in(handler)
            return False
        shows = shows_records(handler)
        if shows:
            self._shown = True
        if self._record.levelno < handler.level or (self._hidden if shows else self._is_ours_alone()):
            return False
        self._given = True
        if self._unformatted is not None:
            self._format()
        return True

    def _format(self) -> None:
        """Leave on the record what a formatter does (`message`, `asctime`): handlers that come later may rely on it."""
        formatter, self._unformatted = self._unformatted, None
        with contextlib.suppress(Exception):  # arguments that do not fit; the handler would have said so
            formatter.format(self._record)

    def _is_ours_alone(self) -> bool:
        """Whether there is such a record only because of us: the console has lines of ours and our level, too."""
        if self._unasked is None:
            below = self._record.levelno < logging.WARNING
            self._unasked = _is_own(self._logger) or (below and unasked_for(self._logger, self._record))
        return self._unasked

    def resort(self) -> logging.Handler | None:
        """Return what the application put in the place of `logging.lastResort`, if the record is for that."""
        last = logging.lastResort
        if last is _LAST_RESORT or last is None or self.found or self._record.levelno < last.level:
            return None
        return None if self._is_ours_alone() else last

    def _stand_in(self, handler: logging.Handler) -> None:
        """Take the place of a handler, with its level, its filters and its stream."""
        if self._record.levelno < handler.level or not handler.filter(self._record):
            self._refused = True
        elif self.stream is None:
            self.stream = getattr(handler, "stream", None)
            self._unformatted = handler.formatter
        if made_by_a_server(handler) and not self._emitter.stdout.fixed:
            begin_to_serve()

    def ends_with_us(self, levels: Levels, *, at_root: bool) -> bool:
        """Whether the line is ours to write, and to which stream if this process does not serve."""
        if self._unformatted is not None and self._given:
            self._format()  # for a handler that keeps records
        if self._shown or self._hidden or levels.is_chatter(self._logger, self._record):
            if self._shown and not self._hidden:
                note_told(self._record.levelno, self._record.exc_info)
            return False
        if self.stream is not None or self._refused:
            return self.stream is not None
        self.stream = sys.stderr
        serves = self._emitter.stdout.is_fixed()
        if _is_own(self._logger):  # a program that serves nobody does not hear that telemetry is on
            return serves or self._record.levelno >= logging.WARNING
        if self.found:
            # Nothing of the application's is on the console: a server's lines are collected from there all the same.
            return at_root and serves
        if logging.lastResort is not _LAST_RESORT:
            return False  # the application's own, or none at all
        return at_root or self._record.levelno >= logging.WARNING


def _is_own(logger: logging.Logger) -> bool:
    return type(logger) is OwnLogger or logger.name.startswith(_OURS)


def _guarded(step: Callable[..., Any], *args: object) -> Any:
    try:
        return step(*args)
    except Exception as error:  # noqa: BLE001 - the boundary: logging never raises into the application
        fault("log record", error)
        return None


def _left_out(emitter: Emitter, record: logging.LogRecord) -> int | None:
    """Sample by the unformatted message: lines that differ in their arguments only repeat each other."""
    if isinstance(record.msg, Rendered):
        return 0
    return emitter.left_out(level_name(record.levelno), record.name, str(record.msg))


class _Told(Event):
    """An event that was exported as structlog's side has left it, and was not built."""


def _exported_flat(emitter: Emitter, record: logging.LogRecord) -> _Told | None:
    """Export an event that structlog's side has examined; None if it has to be built after all."""
    said: Any = record.msg
    message = said.get("event")
    if type(message) is not str or record.stack_info:
        return None
    fields = said.copy()
    for name in _SAID_ELSEWHERE:
        fields.pop(name, None)
    accepted = emitter.export_flat(level_name(record.levelno), record.name, message, fields)
    return None if accepted is None else _Told({EXPORTED: True} if accepted else {})


def _exported_event(emitter: Emitter, record: logging.LogRecord, left_out: int) -> Event | None:
    """Build the event and hand it to the exporter, unless structlog's side did or the access event stands for it."""
    if isinstance(record.msg, Rendered) or access.replaces(record):
        return None
    flat = not left_out and is_flat(record)
    event: Event | None = _exported_flat(emitter, record) if flat else None
    if event is None:
        event = _event(emitter, record, left_out)
    if isinstance(record, RecordWithIds):
        record.exported = EXPORTED in event
    return event


def _event(emitter: Emitter, record: logging.LogRecord, left_out: int) -> Event:
    level, logger, message, fields, error = event_of(record)
    return emitter.event(level, logger, message, counted(fields, left_out), error)


def _write(emitter: Emitter, record: logging.LogRecord, event: Event | None, left_out: int, stream: Any) -> None:
    if isinstance(record.msg, Rendered):
        _write_line(emitter, record.msg, stream)
    elif record.name == _REDIRECTED and is_json_object(str(record.msg)):
        _write_line(emitter, with_ids(redact_text(str(record.msg)), ids_of(record)), stream)
    else:
        if event is None or type(event) is _Told:
            with emitter.passing_on(event):
                event = _event(emitter, record, left_out)
        emitter.write(event, stream)


def _write_line(emitter: Emitter, text: str, stream: Any) -> None:
    line = text.encode("utf-8", "replace") + b"\n"
    if emitter.stdout.is_fixed():
        emitter.stdout.write(line)
    else:
        emitter.stdout.print(line, stream)
