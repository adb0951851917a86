# SPDX-License-Identifier: Apache-2.0
"""How long the ends of workers were held up: their supervisor, which waited, takes that much less for its own.

A worker says so when it sends its last samples.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

RECENT_SECONDS = 5.0  # who has ended longer ago was recycled, and nobody waited


class Taken:
    """What this process says and hears.

    Attributes:
        here: Returns the seconds taken in this process.
    """

    def __init__(self) -> None:
        self.here: Callable[[], float] = float
        self._heard: deque[tuple[float, float]] = deque(maxlen=1024)

    def hear(self, seconds: object) -> None:
        """Note what a worker says; anything may come over a socket."""
        if isinstance(seconds, (int, float)) and seconds > 0:
            self._heard.append((time.monotonic(), float(seconds)))

    def by_workers(self) -> float:
        """Return the longest time that a worker which ended just now took."""
        since = time.monotonic() - RECENT_SECONDS
        return max((seconds for when, seconds in list(self._heard) if when >= since), default=0.0)


taken = Taken()
