# SPDX-License-Identifier: Apache-2.0
"""A value computed at the first look and kept on the object."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - used like `property`
    """Compute an attribute once; later looks find it on the object and cost what any attribute costs.

    `functools.cached_property` would do, but before Python 3.12 it takes a lock.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> T:
        value = self._compute(instance)
        setattr(instance, self._name, value)
        return value
