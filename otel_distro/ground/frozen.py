# SPDX-License-Identifier: Apache-2.0
"""`@dataclass(frozen=True)` without generated code, for classes that every launched process defines.

The standard library writes and compiles five functions for each such class, nearly a millisecond apiece in Python 3.11:
thirty classes were a tenth of our start. The functions here are the same for all classes and look the fields up instead.
Reading a field costs what it did; making an object costs a few microseconds more, so not for classes of the hot path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

Fields = dict[str, dataclasses.Field[Any]]


class _Frozen:
    """The methods that all such classes share."""

    __dataclass_fields__: Fields

    def __init__(self, *positional: object, **named: object) -> None:
        fields, name = self.__dataclass_fields__, type(self).__name__
        if len(positional) > len(fields):
            raise TypeError(f"{name} has {len(fields)} fields, but {len(positional)} values were given")
        values = dict(zip(fields, positional, strict=False))
        if twice := values.keys() & named.keys():
            raise TypeError(f"{name} was given two values for {sorted(twice)}")
        if unknown := named.keys() - fields.keys():
            raise TypeError(f"{name} has no fields {sorted(unknown)}")
        values.update(named)
        vars(self).update({key: values[key] if key in values else _default(name, fields[key]) for key in fields})

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        named = [f"{name}={getattr(self, name)!r}" for name, field in self.__dataclass_fields__.items() if field.repr]
        return f"{type(self).__qualname__}({', '.join(named)})"

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))


def _default(owner: str, field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise TypeError(f"{owner} needs a value for {field.name!r}")
    return field.default


_METHODS = ("__init__", "__setattr__", "__delattr__", "__repr__", "__eq__", "__hash__")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - re-exported: type checkers see the library's
else:

    def dataclass(*, frozen: bool) -> Callable[[type], type]:
        """Return the decorator; `fields`, `replace` and `asdict` of the standard library work on what it makes."""
        if not frozen:
            raise TypeError("only frozen classes are made here")
        return _decorate

    def _decorate(kind: type) -> type:
        for name in _METHODS:
            if name not in vars(kind):
                setattr(kind, name, vars(_Frozen)[name])
        return dataclasses.dataclass(init=False, repr=False, eq=False)(kind)
