# SPDX-License-Identifier: Apache-2.0
"""What an exception of the application's says. Its methods are the application's code, and may raise anything.

Guarded as `traceback` does it, which prints `<exception str() failed>` whatever `__str__` raises.
"""

from __future__ import annotations

MAX_TEXT = 4096


def kind_of(error: BaseException) -> str:
    """Return the name of an exception's class, for `error.type`."""
    try:
        return str.__str__(type(error).__qualname__)
    except BaseException:  # noqa: BLE001 - the metaclass is the application's, too
        return "Exception"


def text_of(error: BaseException) -> str:
    """Return what an exception says, bounded; that it cannot be printed, if it cannot."""
    try:
        return _read(error)
    except BaseException as unreadable:  # noqa: BLE001 - see above
        return f"<{_name_of(error)}: {_name_of(unreadable)} when read>"


def description_of(error: BaseException) -> str:
    """Return an exception as the description of a span's status: `ValueError: what it says`, or its class alone."""
    try:
        return f"{_name_of(error)}: {_read(error)}"
    except BaseException:  # noqa: BLE001 - see above
        return _name_of(error)


def is_readable(error: BaseException) -> bool:
    """Whether an exception's text can be had."""
    try:
        _read(error)
    except BaseException:  # noqa: BLE001 - see above
        return False
    return True


def _read(error: BaseException) -> str:
    return str.__getitem__(str(error), slice(MAX_TEXT))


def _name_of(error: BaseException) -> str:
    return kind_of(error).rpartition(".")[2]


def is_failure(error: BaseException | None) -> bool:
    """Whether an exception is an error of the operation that it ends; a cancellation and its like are not.

    By its class: `isinstance` would ask an attribute of the exception for it.
    https://github.com/open-telemetry/opentelemetry-python/issues/4484
    """
    return issubclass(type(error), Exception)
