# SPDX-License-Identifier: Apache-2.0
"""How long the end of this process may be held up: one sum for every hook, signal and exporter, not one for each.

Several hooks run at one end: lifespan shutdown, a signal handler, `atexit`, and in a supervisor its workers' before its
own. Between them the application ends in its own time, which is not ours to count; so this adds up what we take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Allowance:
    """The seconds that are left. Without a lock: a signal handler may come in between, and half a step is no harm.

    Attributes:
        taken_by_relatives: Returns what workers that have just ended took, while this process waited for them.
    """

    def __init__(self, seconds: float) -> None:
        self._whole = self._left = seconds
        self._since = 0.0
        self._users = 0
        self.taken_by_relatives: Callable[[], float] = float

    @property
    def taken(self) -> float:
        """How many seconds have been taken, up to now."""
        return self._whole - self._left + (time.monotonic() - self._since if self._users else 0.0)

    @contextmanager
    def take(self) -> Iterator[float]:
        """Take what is left until the deadline that this yields; those that overlap share it."""
        if not self._users:
            self._since = time.monotonic()
        self._users += 1
        try:
            yield self._since + min(self._left, self._whole - self.taken_by_relatives())
        finally:
            self._users -= 1
            if not self._users:
                self._left -= time.monotonic() - self._since

    def renew(self) -> None:
        """Begin anew: the process goes on, so what looked like its end was none."""
        self._left = self._whole
