# SPDX-License-Identifier: Apache-2.0
"""How a setting is declared: one field gives type, default, cast and documentation of an environment variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, field, fields, replace
from types import MappingProxyType
from typing import Any

from otel_distro.ground.frozen import dataclass
from otel_distro.settings.casts import Cast

EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, its cast, what it does, and the names it also answers to.

    Names may hold ``{signal}`` (TRACES, METRICS, LOGS) and ``{queue}`` (BSP, BLRP), which the group that holds the
    field fills in. Of a `secret` nothing is ever shown; a value with `credentials` is a URL that may hold some, and is
    shown without them. `default_text` says the default in words where it depends on something else. `cast_by` names an
    earlier field of the group whose value chooses the cast: `cast` then takes it and returns the cast. In a value that
    `refers`, `$NAME` stands for what another variable says, so that a secret stays in one place.
    """

    name: str
    cast: Cast
    doc: str
    older: tuple[str, ...] = ()
    secret: bool = False
    credentials: bool = False
    default_text: str | None = None
    cast_by: str | None = None
    refers: bool = False

    def scoped(self, scope: Mapping[str, str]) -> Variable:
        """Return the variable with the placeholders of its names filled in."""
        if not scope:
            return self
        older = tuple(name.format(**scope) for name in self.older)
        return replace(self, name=self.name.format(**scope), older=older)


@dataclass(frozen=True)
class Contradiction:
    """A variable whose value does not fit another's; `correction` is what upstream shall find, None for nothing."""

    variable: str
    expected: str
    instead: str
    correction: str | None = None


@dataclass(frozen=True)
class Given:
    """What the environment says.

    Attributes:
        sources: Variable -> the name that it was read from.
        texts: Variable -> what it said, as it may be shown.
        quoted: Names whose values stand in quotes.
        several: Variable -> the names that say something, and what, the strongest first, if there is more than one.
    """

    sources: Mapping[str, str]
    texts: Mapping[str, str]
    quoted: tuple[str, ...]
    several: Mapping[str, tuple[tuple[str, str], ...]]


def variable(name: str, cast: Cast, default: Any, doc: str, **more: Any) -> Any:
    """Declare a dataclass field that the variable `name` fills."""
    declaration = Variable(name, cast, doc, **more)
    hidden = declaration.secret or declaration.credentials
    return field(default_factory=lambda: default, repr=not hidden, metadata={"variable": declaration})


def group(kind: type, default: Any = None, **scope: str) -> Any:
    """Declare a nested group; `scope` fills the placeholders of its variables' names."""
    metadata = {"group": kind, "scope": scope}
    return field(default_factory=lambda: kind() if default is None else default, metadata=metadata)


def declared(kind: type, scope: Mapping[str, str] = EMPTY) -> Iterator[Variable]:
    """Yield every variable of a group and of the groups in it, in the order of declaration."""
    for item in fields(kind):
        if "group" in item.metadata:
            yield from declared(item.metadata["group"], {**scope, **item.metadata["scope"]})
        elif "variable" in item.metadata:
            yield variable_of(item, scope)


def variable_of(item: Field[Any], scope: Mapping[str, str]) -> Variable:
    """Return the variable that fills a field."""
    found: Variable = item.metadata["variable"]
    return found.scoped(scope)
