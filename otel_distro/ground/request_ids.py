# SPDX-License-Identifier: Apache-2.0
"""The ids of the request that is being served, and of the one that an exception has ended.

Servers log an unhandled exception after the middleware has returned: outside the span, yet it is a line of that request.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

Ids = Mapping[str, str]

# What logs merge into every event: {"request_id": ..., "correlation_id": ...} inside a request, None outside.
current: ContextVar[Ids | None] = ContextVar("otel_distro_correlation", default=None)


class SessionIds(dict[str, str]):
    """The ids of a websocket, which lasts: what is sent from it is not one request's."""


class MessageIds(dict[str, str]):
    """The ids of a message that is being processed.

    Attributes:
        processing: Who processes it; has a method `failed`, which takes the exception of an error line.
    """

    __slots__ = ("processing",)

    processing: Any


_KEY = "__otel_distro_ids__"
_NONE: Mapping[str, str] = {}


def remember(error: BaseException, ids: Mapping[str, str]) -> None:
    """Keep the ids with the exception; plain text, because exceptions are pickled with all that they carry."""
    with suppress(Exception):  # an exception may be of any class
        error.__dict__[_KEY] = dict(ids)


def remembered(error: BaseException | None) -> Mapping[str, str]:
    """Return the ids that were kept with the exception, or none."""
    try:
        return _NONE if error is None else error.__dict__.get(_KEY, _NONE)
    except Exception:  # noqa: BLE001 - the same
        return _NONE
