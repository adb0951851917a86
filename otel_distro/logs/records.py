# SPDX-License-Identifier: Apache-2.0
"""Records of the standard library's logging as events."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from otel_distro.logs.errors import exception_of
from otel_distro.logs.ids import current_ids
from otel_distro.logs.plain import plain_text

# What every record carries; the rest came with `extra=`. `color_message` is uvicorn's copy for terminals.
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
# What structlog's `wrap_for_formatter` adds, and what the contract says itself.
_OF_STRUCTLOG: Final = frozenset(("_logger", "_name", "_record", "_from_structlog"))
_SAID: Final = ("timestamp", "level", "logger")
_LEVELS: Final = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class Rendered(str):
    """A line that structlog's processors made, on its way through the standard library; already exported."""

    __slots__ = ()


class Said(NamedTuple):
    """What a record says."""

    level: str
    logger: str
    message: str
    fields: Mapping[str, Any]
    error: BaseException | None


class RecordWithIds(logging.LogRecord):
    """A record that remembers the ids of its moment, in a slot: formatters that dump `__dict__` do not see it."""

    __slots__ = ("exported", "ids")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ids = current_ids(exception_of(self.exc_info))
        self.exported = False


def ids_of(record: logging.LogRecord) -> Mapping[str, str]:
    """Return the ids of the moment when the record was made, also in the thread of a `QueueListener`."""
    return record.ids if isinstance(record, RecordWithIds) else current_ids()


def exported(record: logging.LogRecord) -> bool:
    """Whether the exporter accepted the record."""
    return isinstance(record, RecordWithIds) and record.exported


def said(record: logging.LogRecord) -> Said:
    """Return what a record says, also one that carries an event of structlog."""
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if record.stack_info:
        fields["stack"] = record.stack_info
    error = exception_of(record.exc_info) if record.exc_info else None
    if isinstance(record.msg, dict) and "_name" in fields:
        message, error = _unwrap(record.msg, fields, error)
    elif type(record.msg) is str and not record.args:
        message = record.msg
    else:
        message = _message(record)
    return Said(level_name(record.levelno), record.name, message.rstrip("\n"), fields, error)


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
