# SPDX-License-Identifier: Apache-2.0
"""Tell pages that something is new, as server-sent events: they ask for what they show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import orjson

AT_MOST_EVERY: Final = 0.25  # seconds between two events: a page that asks a thousand times a second shows nothing
_BEATS: Final = 60  # looks without news until a comment keeps the connection


class Feed:
    """What has changed, as a number that grows. `notify` may be called from any thread."""

    def __init__(self) -> None:
        self.version = 0
        self.listeners = 0
        self.closed = False

    def notify(self) -> None:
        """Something was written."""
        self.version += 1

    async def events(self, state: Callable[[], Mapping[str, object]]) -> AsyncIterator[bytes]:
        """Yield an event for each change, at most four a second, and a comment when nothing happens."""
        self.listeners += 1
        seen, quiet = -1, 0
        try:
            yield b"retry: 1000\n\n"
            while not self.closed:
                if seen != self.version:
                    seen, quiet = self.version, 0
                    yield b"data: " + orjson.dumps({"version": seen, **state()}) + b"\n\n"
                elif (quiet := quiet + 1) % _BEATS == 0:
                    yield b": still here\n\n"
                await asyncio.sleep(AT_MOST_EVERY)
        finally:
            self.listeners -= 1
