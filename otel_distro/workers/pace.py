# SPDX-License-Identifier: Apache-2.0
"""How often something may be done: a few times at once, and so often a second in the long run."""

from __future__ import annotations

import time

PER_SECOND = 10.0
AT_ONCE = 20.0


class Pace:
    """A token bucket, full at first."""

    def __init__(self) -> None:
        self._left = AT_ONCE
        self._since = time.monotonic()

    def seconds_to_wait(self) -> float:
        """Return how long the next step has to wait, 0 if it need not."""
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._since) * PER_SECOND)
        self._since = now
        return 0.0 if self._left >= 1.0 else (1.0 - self._left) / PER_SECOND

    def step(self) -> None:
        """Take one step."""
        self._left -= 1.0
