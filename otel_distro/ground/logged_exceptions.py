# SPDX-License-Identifier: Apache-2.0
"""Exceptions whose traceback the application has logged: a server that logs it once more only repeats it."""

from __future__ import annotations

from contextlib import suppress

_KEY = "__otel_distro_told__"


def mark_logged(error: BaseException) -> None:
    """Remember that the traceback stands in a line."""
    with suppress(Exception):  # an exception may be of any class
        error.__dict__[_KEY] = True


def is_logged(error: BaseException | None) -> bool:
    """Whether the traceback of an exception stands in a line already."""
    try:
        return error is not None and _KEY in error.__dict__
    except Exception:  # noqa: BLE001 - the same
        return False
