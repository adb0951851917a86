# SPDX-License-Identifier: Apache-2.0
"""Levels by the name of the logger: those that OTEL_DISTRO_LOG_LEVELS gives, and libraries' under LOG_LEVEL=DEBUG.

No logger is made or changed for them: `dictConfig` disables loggers that exist before it, and resets their levels. The
level is found where logging asks for it, which is once per logger: it keeps the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from otel_distro.ground.patch import Patches, standing_in
from otel_distro.logs.levels import OurLevel
from otel_distro.logs.libraries import is_library

_LIBRARIES: Final = logging.INFO


class NamedLevels:
    """The levels of one process by name.

    Args:
        levels: logger -> level; the longest name that a logger is called after or below counts.
        level: the level of all others. At DEBUG it is the application's loggers' alone, libraries have INFO.
    """

    def __init__(self, levels: Mapping[str, str], level: str) -> None:
        self._levels: dict[str, int] = {name: logging.getLevelName(each) for name, each in levels.items()}
        self._quiet = level == "DEBUG"
        self.lowest = min([logging.getLevelName(level), *self._levels.values()])

    def __bool__(self) -> bool:
        return self._quiet or bool(self._levels)

    def of(self, logger: str) -> int | None:
        """Return the level that the settings give a logger by its name, None if they give none."""
        named = self._named(logger)
        return None if named is None else self._levels[named]

    def _named(self, logger: str) -> str | None:
        while logger not in self._levels:
            logger, dot, _ = logger.rpartition(".")
            if not dot:
                return None
        return logger

    def effective(self, logger: logging.Logger) -> int:
        """Return a logger's level: what the application set on it or nearer to it than our name is stands."""
        holder: logging.Logger | None = logger
        while holder is not None and not holder.level:
            holder = holder.parent
        found = logging.NOTSET if holder is None else holder.level
        named = self._named(logger.name)
        if named is not None and (_is_nearer(named, holder) or isinstance(found, OurLevel)):
            return _instead_of(found, self._levels[named])
        if self._quiet and holder is logging.root and isinstance(found, OurLevel) and is_library(logger.name):
            return _instead_of(found, max(found, _LIBRARIES))
        return found


def _is_nearer(named: str, holder: logging.Logger | None) -> bool:
    return holder is None or holder is logging.root or len(named) > len(holder.name)


def _instead_of(found: int, level: int) -> OurLevel:
    ours = OurLevel(level)
    ours.before = found.before if isinstance(found, OurLevel) else found
    return ours


def install(levels: NamedLevels) -> Callable[[], None]:
    """Give loggers their levels; return what undoes it."""
    if not levels:
        return lambda: None
    patches = Patches()

    @standing_in("logging", like=logging.Logger.getEffectiveLevel)
    def get_effective_level(self: logging.Logger) -> int:
        return levels.effective(self)

    patches.set(logging.Logger, "getEffectiveLevel", get_effective_level)
    _ask_again()

    def undo() -> None:
        patches.undo()
        _ask_again()

    return undo


def _ask_again() -> None:
    """Have logging forget the levels that it has found: that is what setting one does."""
    logging.root.setLevel(logging.root.level)
