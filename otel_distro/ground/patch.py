# SPDX-License-Identifier: Apache-2.0
"""Replacing attributes of other people's modules so that everything can be put back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
_INHERITED: Final = object()


class Patches:
    """The attributes that were replaced, with what they were."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Replace an attribute and return what it was.

        What is put back is what the owner itself had: a `staticmethod` and not its function, nothing if it inherited.
        """
        original = getattr(owner, name)
        self._replaced.append((owner, name, vars(owner).get(name, _INHERITED), value))
        setattr(owner, name, value)
        return original

    def holds(self, owner: Any) -> bool:
        """Whether an attribute of the owner's is replaced."""
        return any(replaced[0] is owner for replaced in self._replaced)

    def undo(self) -> None:
        """Put everything back, last first; what somebody else replaced in the meantime is theirs now."""
        while self._replaced:
            owner, name, before, value = self._replaced.pop()
            if vars(owner).get(name) is not value:
                continue
            if before is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def standing_in(package: str, like: Callable[..., Any] | None = None) -> Callable[[Function], Function]:
    """Make a function's frames count as those of a package.

    structlog skips its own frames by the name of the module when it looks for the caller's; handlers that look for the
    caller of logging (loguru's recipe) skip those with the name of its file.

    Args:
        package: whose frames they shall be.
        like: the function that it replaces, whose name and file its frames get.
    """

    def disguise(function: Function) -> Function:
        home = {**function.__globals__, "__name__": f"{package}.otel_distro"}
        code = function.__code__
        if like is not None:
            code = code.replace(co_filename=like.__code__.co_filename, co_name=like.__code__.co_name)
        inner = FunctionType(code, home, function.__name__, function.__defaults__, function.__closure__)
        return cast("Function", functools.update_wrapper(inner, function))

    return disguise
