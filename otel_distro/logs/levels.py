# SPDX-License-Identifier: Apache-2.0
"""Levels that nobody chose: ours, so that there are lines at INFO, and never those of the application's handlers.

A level of ours is an integer of its own kind. Whoever sets one says what they want, and the next look at the logger
finds theirs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Final

from otel_distro.ground.patch import Patches, standing_in
from otel_distro.settings.model import LogSettings

# They log each call with its full URL.
CHATTY_LIBRARIES: Final = frozenset(("httpx", "httpcore", "httpx2", "httpcore2"))


class OurLevel(int):
    """A level that we set, and what stood there before."""

    before: int


class Levels:
    """The levels of one process, as the settings want them."""

    def __init__(self, settings: LogSettings) -> None:
        self.level: int = logging.getLevelName(settings.level)
        self.library_level: int = logging.getLevelName(settings.library_level)
        self._chatty = CHATTY_LIBRARIES - {name.partition(".")[0] for name in settings.levels}

    def install(self) -> Callable[[], None]:
        """Set the root's level and the libraries', where nobody has; return what undoes it."""
        patches = Patches()
        patches.set(logging.RootLogger, "setLevel", _giving_libraries_back(logging.RootLogger.setLevel))
        _set(logging.root, self.level, logging.WARNING)
        if _is_ours(logging.root):
            for name in CHATTY_LIBRARIES:
                _set(logging.getLogger(name), self.library_level, logging.NOTSET)

        def undo() -> None:
            patches.undo()
            _give_back(logging.root, *map(logging.getLogger, CHATTY_LIBRARIES))

        return undo

    def is_chatter(self, logger: logging.Logger, record: logging.LogRecord) -> bool:
        """Whether a line is one of those that the libraries write for each call, and nobody has chosen their level."""
        if record.levelno >= self.library_level or record.name.partition(".")[0] not in self._chatty:
            return False
        current: logging.Logger | None = logger
        while current is not None and current is not logging.root and current.level == logging.NOTSET:
            current = current.parent
        return current is logging.root


def unasked_for(logger: logging.Logger, record: logging.LogRecord) -> bool:
    """Whether a record exists only since we set a level: without us no handler would see it."""
    level = logger.getEffectiveLevel()
    if not isinstance(level, OurLevel) or record.levelno >= (level.before or logging.WARNING):
        return False
    return not _handled_directly()


def _handled_directly() -> bool:
    """Whether somebody else than `Logger._log` called `Logger.handle`: listeners pass on without asking for a level."""
    frame = sys._getframe(2)  # noqa: SLF001 - documented, for this use
    while frame.f_back is not None:
        if frame.f_code is logging.Logger.handle.__code__:
            return frame.f_back.f_code.co_name != "_log"
        frame = frame.f_back
    return False


def _set(logger: logging.Logger, level: int, untouched: int) -> None:
    if logger.level == untouched:
        ours = OurLevel(level)
        ours.before = untouched
        logger.setLevel(ours)


def _is_ours(logger: logging.Logger) -> bool:
    return isinstance(logger.level, OurLevel)


def _give_back(*loggers: logging.Logger) -> None:
    for logger in loggers:
        if isinstance(logger.level, OurLevel):
            logger.setLevel(logger.level.before)


def _giving_libraries_back(original: Callable[..., None]) -> Callable[..., None]:
    """Build the root's `setLevel`: who configures logging gets the libraries' records into their handlers again."""

    @standing_in("logging")
    def set_level(self: logging.Logger, level: int | str) -> None:
        original(self, level)
        if not _is_ours(self):
            _give_back(*map(logging.getLogger, CHATTY_LIBRARIES))

    return set_level
