# SPDX-License-Identifier: Apache-2.0
"""Of repeated debug and info lines of chosen loggers, one in n is written, with the count of those left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MOST_MESSAGES: Final = 4096
_MOST_LOGGERS: Final = 1024
_LONGEST_LOGGER: Final = 128
_SAMPLED_LEVELS: Final = frozenset(("debug", "info"))


class Sampler:
    """Counts repeated lines, by logger and message.

    Args:
        every: logger -> n; a logger's entry holds for those below it, `*` for all.
    """

    def __init__(self, every: Mapping[str, int]) -> None:
        self._every = dict(every)
        self._loggers: dict[str, int] = {}
        self._seen: dict[int, int] = {}

    def left_out(self, level: str, logger: str, message: str) -> int | None:
        """Return how many lines like this one were left out since the last; None if this one is left out too."""
        every = self._loggers.get(logger) or self._learn(logger)
        if every == 1 or level not in _SAMPLED_LEVELS:
            return 0
        line = hash((logger, message))  # not the words themselves: messages may be long, and a stranger's
        seen = self._seen.get(line)
        if seen is None:
            self._remember(line)
            return 0
        self._seen[line] = (seen + 1) % every
        return every - 1 if seen + 1 == every else None

    def _remember(self, line: int) -> None:
        if len(self._seen) >= _MOST_MESSAGES:  # messages with values in them: start over
            self._seen.clear()
        self._seen[line] = 0

    def _learn(self, logger: str) -> int:
        name = logger
        while name and name not in self._every:
            name = name.rpartition(".")[0]
        every = max(self._every.get(name or "*", 1), 1)
        if len(logger) <= _LONGEST_LOGGER:
            if len(self._loggers) >= _MOST_LOGGERS:
                self._loggers.clear()
            self._loggers[logger] = every
        return every
