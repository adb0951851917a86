# SPDX-License-Identifier: Apache-2.0
"""Records of the standard library's logging as events."""

from __future__ import annotations

import logging
import operator
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from otel_distro.logs.errors import exception_of
from otel_distro.logs.ids import current_ids, shared_ids
from otel_distro.logs.redaction import in_place, redact
from otel_distro.logs.redaction.json_safe import plain_text
from otel_distro.logs.redaction.redact import is_clean

# What every record carries; the rest came with `extra=`. `color_message` is uvicorn's copy for terminals.
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
# Of these a formatter can show any; they are examined as the message is.
_ORIGIN: Final = (
    "name",
    "levelname",
    "pathname",
    "filename",
    "module",
    "funcName",
    "threadName",
    "processName",
    "taskName",
)
# Beside them formatters show numbers, the message and, as fields, all that is not in here.
_NO_FIELD: Final = _STANDARD - {"color_message"}
# What structlog's `wrap_for_formatter` adds, and what the contract says itself.
_OF_STRUCTLOG: Final = frozenset(("_logger", "_name", "_record", "_from_structlog"))
_SAID: Final = ("timestamp", "level", "logger")
_LEVELS: Final = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class Rendered(str):
    """A line that structlog's processors made, on its way through the standard library; already exported."""

    __slots__ = ()


class RecordedEvent(NamedTuple):
    """What a record says."""

    level: str
    logger: str
    message: str
    fields: Mapping[str, Any]
    error: BaseException | None


class OwnLogger(logging.Logger):
    """A logger of ours that says what Python would print by itself: no record of it is for the application's handlers."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parent = logging.root


class RecordWithIds(logging.LogRecord):
    """A record that is marked on its way to handlers, in slots: formatters that dump `__dict__` do not see them.

    It is made as quickly as any other: formatters make copies of records, which are marked by nobody.

    Attributes:
        ids: The ids of the moment when it was logged.
        exported: Whether the exporter accepted it.
        flat: If its message is an event of structlog's that was examined and has its ids, what that consisted of.
    """

    __slots__ = ("exported", "flat", "ids")
    exported: bool
    flat: dict[str, Any] | None
    ids: Mapping[str, str]


class _Handed(threading.local):
    event: Any = None
    examined: Any = None
    ids: Mapping[str, str] | None = None


_handed: Final = _Handed()


def hand_over(event: Any, ids: Mapping[str, str] | None = None) -> None:
    """Say that the next record of this thread whose message is this very event has nothing that was not examined, and its ids."""
    _handed.event, _handed.examined, _handed.ids = event, None if event is None else event.copy(), ids


def mark(record: logging.LogRecord) -> None:
    """Note the ids of this moment on a record, and whether it carries an event that structlog's side has examined."""
    if not isinstance(record, RecordWithIds):
        return
    record.exported = False
    if record.msg is _handed.event and not record.exc_info:
        record.flat, record.ids = _handed.examined, _handed.ids or shared_ids()
        _handed.event = _handed.examined = None
        return
    record.flat = None
    record.ids = current_ids(exception_of(record.exc_info)) if record.exc_info else shared_ids()


def is_flat(record: logging.LogRecord) -> bool:
    """Whether a record carries an event of structlog's that was examined and has its ids, and that no filter has changed."""
    if not isinstance(record, RecordWithIds):
        return False
    try:
        examined = record.flat
    except AttributeError:  # no logger has passed it on
        return False
    if examined is None or record.args or record.exc_info or record.exc_text or record.stack_info:
        return False
    event: Any = record.msg
    if type(event) is not dict or event.keys() != examined.keys():
        return False
    return all(map(operator.is_, event.values(), examined.values()))


def ids_of(record: logging.LogRecord) -> Mapping[str, str]:
    """Return the ids of the moment when the record was logged, also in the thread of a `QueueListener`."""
    if isinstance(record, RecordWithIds):
        try:
            return record.ids or current_ids()
        except AttributeError:  # no logger has passed it on
            pass
    return current_ids()


def exported(record: logging.LogRecord) -> bool:
    """Whether the exporter accepted the record."""
    try:
        return isinstance(record, RecordWithIds) and record.exported
    except AttributeError:  # no logger has passed it on
        return False


def says_nothing_else(record: logging.LogRecord) -> bool:
    """Whether all that a formatter can show of a formatted record is known to be without secrets."""
    said = record.__dict__
    message, kind = said.get("message"), type(record.msg)
    # Formatters of JSON show a dictionary's items, and no message.
    if type(message) is not str or issubclass(kind, dict) or record.exc_info or record.exc_text or record.stack_info:
        return False
    if not redact.are_clean(tuple(map(said.get, _ORIGIN))):
        return False
    searched = kind is Rendered and message == record.msg
    if not searched and not is_clean(message):
        return False
    fields = said.keys() - _NO_FIELD
    return not fields or in_place.is_flat({key: said[key] for key in fields})


def event_of(record: logging.LogRecord) -> RecordedEvent:
    """Return what a record says, also one that carries an event of structlog."""
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if "celery" in sys.modules:
        fields.update(_task())
    if record.stack_info:
        fields["stack"] = record.stack_info
    error = exception_of(record.exc_info) if record.exc_info else None
    if isinstance(record.msg, dict) and "_name" in fields:
        message, error = _unwrap(record.msg, fields, error)
    elif type(record.msg) is str and not record.args:
        message = record.msg
    else:
        message = _message(record)
    return RecordedEvent(level_name(record.levelno), record.name, message.rstrip("\n"), fields, error)


def _task() -> Mapping[str, Any]:
    """Return which task of Celery this is: its own format begins with that."""
    task = getattr(sys.modules["celery"], "current_task", None)
    request = task.request if task else None
    return {"task_name": task.name, "task_id": request.id} if task and request and request.id else {}


def level_name(number: int) -> str:
    """Return the contract's level of a number, the next lower one for levels in between."""
    return _LEVELS.get(number) or _LEVELS[min(max(number // 10 * 10, 10), 50)]


def _unwrap(
    event: Mapping[str, Any], fields: dict[str, Any], error: BaseException | None
) -> tuple[str, BaseException | None]:
    """Take the event out that `ProcessorFormatter.wrap_for_formatter` put in; `fields` becomes its fields."""
    for key in _OF_STRUCTLOG:
        fields.pop(key, None)
    fields.update(event)
    for key in _SAID:
        fields.pop(key, None)
    given = fields.pop("exc_info", None)
    return plain_text(fields.pop("event", "")), exception_of(given) if given else error


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - the arguments are the application's
        return f"{plain_text(record.msg)} [arguments that do not fit: {type(error).__name__}]"
