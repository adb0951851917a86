# SPDX-License-Identifier: Apache-2.0
"""Replacing attributes of other people's modules so that everything can be put back."""

from __future__ import annotations

from typing import Any


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
