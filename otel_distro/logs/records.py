# SPDX-License-Identifier: Apache-2.0
"""Records of the standard library's logging as events."""

from __future__ import annotations

import logging
from typing import Any, Final

from otel_distro.logs.errors import exception_of
from otel_distro.logs.ids import current_ids

# What every record carries; the rest came with `extra=`.
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_LEVELS: Final = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class Rendered(str):
    """A line that the application's own structlog renderer made, on its way through the standard library."""

    __slots__ = ("exported",)

    def __new__(cls, line: str, *, exported: bool = False) -> Rendered:
        """Mark a line; `exported` says that its record was already handed to the exporter."""
        rendered = super().__new__(cls, line)
        rendered.exported = exported
        return rendered

    exported: bool


def level_name(number: int) -> str:
    """Return the contract's level of a number, the next lower one for levels in between."""
    return _LEVELS.get(number) or _LEVELS[min(max(number // 10 * 10, 10), 50)]


def message_of(record: logging.LogRecord) -> str:
    """Return the formatted message; a mistake in the arguments is shown, not raised."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - the arguments are the application's
        return f"{record.msg!s} [arguments that do not fit: {type(error).__name__}]"


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what came with `extra=`, and the stack if it was asked for."""
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if record.stack_info:
        fields["stack"] = record.stack_info
    return fields


def error_of(record: logging.LogRecord) -> BaseException | None:
    """Return the exception of a record."""
    return exception_of(record.exc_info) if record.exc_info else None


def ids_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the ids of the moment when the record was made, also in the thread of a `QueueListener`."""
    return record.ids if isinstance(record, RecordWithIds) else current_ids()


class RecordWithIds(logging.LogRecord):
    """A record that remembers the ids of its moment, in a slot: formatters that dump `__dict__` do not see it."""

    __slots__ = ("ids",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ids = current_ids()
