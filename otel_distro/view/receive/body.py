# SPDX-License-Identifier: Apache-2.0
"""Unpack a request's body, which a stranger may have made to be large."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Final

MOST_SENT: Final = 16 * 2**20
MOST_UNPACKED: Final = 64 * 2**20
_WINDOWS: Final = {"gzip": 31, "deflate": 15}  # zlib's names for the two formats


class TooLarge(ValueError):  # noqa: N818  a state of a request
    """More than the viewer takes at once."""


async def read(stream: AsyncIterator[bytes]) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: It is longer than MOST_SENT.
    """
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        size += len(part)
        if size > MOST_SENT:
            raise TooLarge(f"a request of more than {MOST_SENT} bytes")
        parts.append(part)
    return b"".join(parts)


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return the body without its compression.

    Raises:
        ValueError: The encoding is unknown, or the body is not of it.
        TooLarge: It unpacks to more than MOST_UNPACKED.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOWS:
        raise ValueError(f"Content-Encoding {encoding!r}: expected gzip, deflate or none")
    unpacker = zlib.decompressobj(_WINDOWS[encoding])
    try:
        plain = unpacker.decompress(body, MOST_UNPACKED)
    except zlib.error as error:
        raise ValueError(f"Content-Encoding {encoding}: {error}") from error
    if unpacker.unconsumed_tail:
        raise TooLarge(f"a request that unpacks to more than {MOST_UNPACKED} bytes")
    if not unpacker.eof:
        raise ValueError(f"Content-Encoding {encoding}: it ends too soon")
    return plain
