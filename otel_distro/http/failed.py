# SPDX-License-Identifier: Apache-2.0
"""The ids of the request that an exception has ended, kept with the exception.

Servers log an unhandled exception after the middleware has returned: outside the span, yet it is a line of that request.
"""

from __future__ import annotations

from collections.abc import Mapping

_KEY = "__otel_distro_ids__"
_NONE: Mapping[str, str] = {}


def remember(error: BaseException, ids: Mapping[str, str]) -> None:
    """Keep the ids with the exception; plain text, because exceptions are pickled with all that they carry."""
    error.__dict__[_KEY] = dict(ids)


def remembered(error: BaseException | None) -> Mapping[str, str]:
    """Return the ids that were kept with the exception, or none."""
    return _NONE if error is None else error.__dict__.get(_KEY, _NONE)
