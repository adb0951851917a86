# SPDX-License-Identifier: Apache-2.0
"""What scopes and messages hold, in every form that ASGI allows: headers are any iterable of pairs, in any case.

Servers and frameworks give lists of tuples of lower-case bytes, and those are read without coming here.
https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from itertools import chain
from typing import Any

Holder = MutableMapping[str, Any]

PAIRS = frozenset((tuple, list))


def listed(holder: Holder) -> list[Any] | None:
    """Return the headers that a scope or a message holds as a list; None if they cannot be read to their end.

    What can be read only once is replaced, so that whoever reads it next finds what would have been found.
    """
    headers = holder.get("headers")
    if headers is None:
        return []
    try:
        if iter(headers) is not headers:
            return list(headers)
    except Exception:  # noqa: BLE001 - whoever reads them next finds out, as bare
        return None
    found: list[Any] = []
    try:
        for pair in headers:
            found.append(pair)  # noqa: PERF402 - what came before an exception is kept
    except BaseException as error:  # noqa: BLE001 - the application's iterator: raised where it would have been
        holder["headers"] = chain(found, _raising(error))
        return None
    holder["headers"] = found
    return found


def number(status: Any) -> int | None:
    """Return a status of any type as a number: members of enumerations, and what only looks like one."""
    try:
        return int(status)
    except Exception:  # noqa: BLE001 - the application's own type
        return None


def ends_response(kind: Any, message: Holder) -> bool:
    """Whether a message of an extension is the last of its response: a file that the server sends itself, trailers."""
    return (
        kind == "http.response.pathsend"
        or (kind == "http.response.zerocopysend" and not message.get("more_body", False))
        or (kind == "http.response.trailers" and not message.get("more_trailers", False))
    )


def _raising(error: BaseException) -> Iterator[Any]:
    yield from ()
    raise error


def normalised(pairs: Iterable[Any]) -> list[tuple[bytes, bytes]]:
    """Return headers with their names in lower case, all as bytes; what is no header is left out."""
    return [
        (_bytes(pair[0]).lower(), _bytes(pair[1]))
        for pair in pairs
        if type(pair) in PAIRS and len(pair) == 2 and isinstance(pair[0], _TEXTS) and isinstance(pair[1], _TEXTS)
    ]


_TEXTS = (bytes, bytearray, memoryview, str)


def _bytes(value: Any) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
