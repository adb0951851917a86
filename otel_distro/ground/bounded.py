# SPDX-License-Identifier: Apache-2.0
"""Memories of what comes again and again, which a stranger's words can neither fill nor spoil."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sized
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def short_cache(entries: int, longest: int = 256) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember what a function returned for short texts; the results for longer ones are computed each time.

    `functools.lru_cache` counts its entries and not their bytes, so a thousand texts of a client may be megabytes.

    Args:
        entries: how many results are kept; the one that was used longest ago makes room.
        longest: how many characters the arguments of a result that is kept may have together.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        # typeshed forgets a function's parameters here: https://github.com/python/typeshed/issues/11280
        remembered = cast("Callable[P, T]", functools.lru_cache(maxsize=entries)(function))

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return remembered(*args, **kwargs) if _size(args) <= longest else function(*args, **kwargs)

        return call

    return decorate


def _size(arguments: Iterable[object]) -> int:
    """Return the characters of texts, and of those in tuples."""
    return sum(
        _size(argument) if isinstance(argument, tuple) else len(argument) if isinstance(argument, Sized) else 1
        for argument in arguments
    )
