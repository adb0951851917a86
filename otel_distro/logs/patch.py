# SPDX-License-Identifier: Apache-2.0
"""Replacing attributes of other people's modules so that everything can be put back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class Patches:
    """The attributes that were replaced, with what they were."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Replace an attribute and return what it was."""
        original = getattr(owner, name)
        self._replaced.append((owner, name, original, value))
        setattr(owner, name, value)
        return original

    def undo(self) -> None:
        """Put everything back, last first; what somebody else replaced in the meantime is theirs now."""
        while self._replaced:
            owner, name, original, value = self._replaced.pop()
            if getattr(owner, name) is value:
                setattr(owner, name, original)


def standing_in(package: str) -> Callable[[Function], Function]:
    """Make a function's frames count as those of a package.

    structlog and logging skip their own frames, by the name of the module, when they look for the caller's.
    """

    def disguise(function: Function) -> Function:
        home = {**function.__globals__, "__name__": f"{package}.otel_distro"}
        inner = FunctionType(function.__code__, home, function.__name__, function.__defaults__, function.__closure__)
        return cast("Function", functools.update_wrapper(inner, function))

    return disguise
