# SPDX-License-Identifier: Apache-2.0
"""An event on its way from one logger to another, which is exported once."""

from __future__ import annotations

import threading
from typing import Any


class Passed(threading.local):
    """The event that passes in this thread."""

    event: dict[str, Any] | None = None


class Passing:
    """The time in which handlers get an event that was exported already: loguru's, say, by an `InterceptHandler`."""

    __slots__ = ("_before", "_event", "_passed")

    def __init__(self, passed: Passed, event: dict[str, Any] | None) -> None:
        self._passed = passed
        self._event = event
        self._before = passed.event
        if event is not None:
            passed.event = event

    def end(self) -> None:
        """Let further events be their own again."""
        if self._event is not None:
            self._passed.event = self._before

    def __enter__(self) -> None:
        """It has begun."""

    def __exit__(self, *_: object) -> None:
        self.end()
