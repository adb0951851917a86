# SPDX-License-Identifier: Apache-2.0
"""Bodies as strangers pack them: what is refused, and that a bomb costs no more than its bound."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from otel_distro.view.receive.body import MOST_SENT, MOST_UNPACKED, TooLarge, read, unpacked


def bomb(window: int) -> bytes:
    """Return what unpacks to four times the bound, made piece by piece."""
    packer = zlib.compressobj(wbits=window)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(4 * MOST_UNPACKED // 2**20)) + packer.flush()


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15)])
def test_a_bomb_is_refused_before_it_is_unpacked_whole(encoding, window):
    packed = bomb(window)
    assert len(packed) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="unpacks to more than"):
            unpacked(packed, encoding)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * MOST_UNPACKED


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (gzip.compress(b"spans")[:-1], "gzip", "it ends too soon"),
        (b"spans", "gzip", "incorrect header"),
        (gzip.compress(b"spans"), "deflate", "incorrect header"),
        (b"spans", "br", "expected gzip, deflate or none"),
    ],
)
def test_what_is_not_packed_as_it_says_is_refused_with_the_reason(body, encoding, reason):
    with pytest.raises(ValueError, match=reason):
        unpacked(body, encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", ""])
def test_what_is_packed_as_it_says_comes_out_as_it_was(encoding):
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(b"spans")
    assert unpacked(packed, encoding) == b"spans"


def test_a_body_without_end_is_given_up_at_its_bound():
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(2**20)

    with pytest.raises(TooLarge, match="more than"):
        asyncio.run(read(endless()))
    assert len(taken) == MOST_SENT // 2**20 + 1
