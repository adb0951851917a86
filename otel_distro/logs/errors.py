# SPDX-License-Identifier: Apache-2.0
"""Exceptions as the two fields of the contract: `error`, the cause in words, and `exception`, the traceback."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from otel_distro.ground.exceptions import kind_of, text_of
from otel_distro.ground.logged_exceptions import mark_logged
from otel_distro.logs.redaction.json_safe import shortened
from otel_distro.logs.redaction.redact import redact_long

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
MAX_CAUSE = 1024


def exception_of(exc_info: Any) -> BaseException | None:
    """Return the exception that an `exc_info` argument means: an exception, a tuple, or True for the current one."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) == 3 and isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def note_told(level: int, exc_info: Any) -> None:
    """Remember that a line at `error` has the traceback of an exception: the server need not repeat it."""
    if exc_info and level >= logging.ERROR:
        error = exception_of(exc_info)
        if error is not None:
            mark_logged(error)


def error_fields(error: BaseException) -> dict[str, str]:
    """Return `error` and `exception`, without secrets and bounded; an exception that cannot be printed is named."""
    return {"error": cause_of(error), "exception": _traceback(error)}


def cause_of(error: BaseException) -> str:
    """Return an exception's type and what it says, as the last line of its traceback has them."""
    kind, message = kind_of(error).rpartition(".")[2], message_of(error)
    return f"{kind}: {message}" if message else kind


def message_of(error: BaseException) -> str:
    """Return what an exception says, without secrets and bounded."""
    return shortened(redact_long(text_of(error)), MAX_CAUSE)


def _traceback(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
    except Exception:  # noqa: BLE001 - __repr__ of a value inside, a damaged cause
        lines = [*traceback.format_tb(error.__traceback__), type(error).__name__]
    return redact_long("".join(lines).rstrip("\n"))
