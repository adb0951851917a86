# SPDX-License-Identifier: Apache-2.0
"""Regular expressions that are compiled when they are first used: a start has many of which it needs none."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Pattern:
    """Stands for a pattern: its methods are the compiled one's from the first use on, by ordinary attributes."""

    def __init__(self, text: str, flags: int) -> None:
        self._told = text, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(*self._told)
        self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern that is not compiled yet.

    Args:
        text: as for `re.compile`.
        flags: as for `re.compile`.
    """
    return cast("re.Pattern[str]", Pattern(text, flags))
