# SPDX-License-Identifier: Apache-2.0
"""Regular expressions that are compiled when they are first used: a start has many of which it needs none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Pattern:
    """Stands for a pattern: its methods are the compiled one's from the first use on, by ordinary attributes."""

    def __init__(self, text: str | Callable[[], str], flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._text if isinstance(self._text, str) else self._text(), self._flags)
        self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


def pattern(text: str | Callable[[], str], flags: int = 0) -> re.Pattern[str]:
    """Return a pattern that is not compiled yet.

    Args:
        text: as for `re.compile`, or what makes it.
        flags: as for `re.compile`.
    """
    return cast("re.Pattern[str]", Pattern(text, flags))
