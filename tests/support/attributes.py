# SPDX-License-Identifier: Apache-2.0
"""What stands in the modules of other people: every attribute of modules and classes, handlers, filters, hooks, variables."""

from __future__ import annotations

import logging
import os
import signal
import sys
import types
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

_NOT_COMPARED = frozenset(("__builtins__", "__warningregistry__", "__dict__", "__weakref__", "_abc_impl"))
# Threads come and go, a logger has another parent when somebody asks for one between, and filters are compared by their text.
_NOBODYS = ("threading:_shutdown_locks", "threading:_active", "warnings:filters")
_OF_TREE = ("_cache", "parent", "manager")
_TEXTS = (int, float, str, bytes, bool, type(None))


class Attributes:
    """What stands now in all modules of some packages; keeps it all, so that no identity is used twice."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._kept: list[Any] = []
        self._packages = frozenset(packages)
        self._found = dict(self._of_modules())
        self._found.update(self._of_loggers())
        self._found.update(self._of_process())

    def different_in(self, later: Attributes) -> list[str]:
        """Return the names of what was or came to be something else; modules and loggers that came to be do not count.

        What is in an attribute that is another one altogether does not count either.
        """
        places = {_place(name) for name in self._found}
        names = {*self._found, *(name for name in later._found if _place(name) in places)}
        found = {name for name in names if self._found.get(name) != later._found.get(name)}
        return sorted(name for name in found if name not in _NOBODYS and name.rpartition(".")[0] not in found)

    def _of_modules(self) -> Iterator[tuple[str, Any]]:
        for name, module in list(sys.modules.items()):
            if type(module) is types.ModuleType and name.partition(".")[0] in self._packages:
                for attribute, value in list(vars(module).items()):
                    if not _is_module(value):
                        yield from self._of(f"{name}:{attribute}", value)

    def _of(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield an attribute and what is in it, if it is a class of that module, or a plain object of one of the packages."""
        if name.rpartition(":")[2] in _NOT_COMPARED:
            return
        yield name, self._identity(value)
        if issubclass(type(value), type):
            inside = vars(value) if name == f"{value.__module__}:{value.__name__}" else {}
        elif type(value).__module__.partition(".")[0] in self._packages and not _is_left_out(value):
            inside = getattr(value, "__dict__", {})
        else:
            return
        for attribute, content in list(inside.items()):
            if attribute not in _NOT_COMPARED:
                yield f"{name}.{attribute}", self._identity(content)

    def _of_loggers(self) -> Iterator[tuple[str, Any]]:
        for name, logger in (("root", logging.root), *logging.root.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger):
                parts = {attribute: value for attribute, value in vars(logger).items() if attribute not in _OF_TREE}
                for attribute, value in parts.items():
                    yield f"logging:getLogger({name!r}).{attribute}", self._identity(value)

    def _of_process(self) -> Iterator[tuple[str, Any]]:
        for number in sorted(signal.valid_signals()):
            yield f"signal:getsignal({int(number)})", self._identity(signal.getsignal(number))
        yield "sys:meta_path[…]", self._identity(sys.meta_path)
        yield "warnings:filters[…]", [item for item in map(str, warnings.filters) if "InstrumentationScope" not in item]
        yield from ((f"os:environ[{name!r}]", value) for name, value in os.environ.items())

    def _identity(self, value: Any) -> Any:
        self._kept.append(value)
        if type(value) in _TEXTS:
            return repr(value)
        if type(value) is types.FunctionType:
            return id(value), id(value.__code__), id(value.__defaults__)
        if type(value) is types.MethodType:
            return id(value.__func__), id(value.__self__)
        if type(value) in (list, set, tuple):
            return [id(item) for item in value]
        return id(value), id(type(value))


def _place(name: str) -> str:
    """Return the module or the logger that an attribute is of."""
    return name.rpartition(".")[0] if "getLogger(" in name else name.partition(":")[0]


def _is_left_out(value: Any) -> bool:
    """Whether it is a logger, which is looked at by its name, or a proxy, which makes something of being looked at."""
    return issubclass(type(value), logging.Logger) or "Proxy" in type(value).__name__


def _is_module(value: Any) -> bool:
    """Whether it is a module, which comes to be an attribute of its parent when somebody imports it."""
    return type(value) is types.ModuleType
