# SPDX-License-Identifier: Apache-2.0
"""Does every event loop of this process still turn? A timer on the loop itself tells, by coming late or not at all."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

INTERVAL_SECONDS = 0.5
STUCK_AFTER_SECONDS = 5.0


class _Pulse:
    """One loop: when its timer was last due, and how late it came."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.due = 0.0
        self.lag = 0.0
        self.timer: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        now = time.monotonic()
        self.lag = max(0.0, now - self.due) if self.due else 0.0
        self.due = now + INTERVAL_SECONDS
        self.timer = self.loop.call_later(INTERVAL_SECONDS, self.beat)

    def late(self) -> float:
        """Return the seconds of the last delay, or of the one that lasts."""
        return max(self.lag, time.monotonic() - self.due)


_pulses: dict[asyncio.AbstractEventLoop, _Pulse] = {}
_lock = threading.Lock()


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Watch a serving event loop; cheap when it is watched already. To be called in the loop's own thread."""
    if loop not in _pulses:
        with _lock:
            pulse = _pulses[loop] = _Pulse(loop)
        pulse.beat()


def lag_seconds() -> float | None:
    """Return how late the latest of the watched loops is; None if no loop serves."""
    with _lock:
        for loop in [loop for loop in _pulses if loop.is_closed() or not loop.is_running()]:
            del _pulses[loop]
        return max((pulse.late() for pulse in _pulses.values()), default=None)


def serving_loop() -> asyncio.AbstractEventLoop | None:
    """Return an event loop that serves, if there is one."""
    with _lock:
        return next((loop for loop in _pulses if loop.is_running()), None)


def forget() -> None:
    """Forget every loop: in a forked child they do not run."""
    global _lock  # noqa: PLW0603 - another thread may have held it at the fork
    _lock = threading.Lock()
    _pulses.clear()
