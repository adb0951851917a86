# SPDX-License-Identifier: Apache-2.0
"""The environment's variables become a `Reading`: frozen `Settings`, where each value came from, all problems at once.

A wrong value is reported and its default used: telemetry stays on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from otel_distro.frozen import dataclass
from otel_distro.variables import EMPTY, SDK_VARIABLES, Settings, Variable
from otel_distro.variables import upstream as upstream_variables
from otel_distro.variables.declare import variable_of
from otel_distro.variables.derive import derive

Group = TypeVar("Group")
MASK = "***"


@dataclass(frozen=True)
class Problem:
    """A variable whose value cannot be used."""

    name: str
    value: str
    expected: str

    def __str__(self) -> str:
        """Name the key, the value and what was expected."""
        return f"{self.name}={self.value!r}: expected {self.expected}"


@dataclass(frozen=True)
class Value:
    """What became of one variable: `source` is the name it was read from, None for the default."""

    variable: Variable
    value: Any
    default: Any
    source: str | None


@dataclass(frozen=True)
class Reading:
    """The environment, read."""

    settings: Settings
    problems: tuple[Problem, ...]
    upstream: Mapping[str, Any]  # what the SDK reads itself, by name
    sources: Mapping[str, str]  # variable -> the name that it was read from

    @property
    def values(self) -> tuple[Value, ...]:
        """What became of every variable, for those who want to look."""
        sdk = ((variable, self.upstream[variable.name], None) for variable in SDK_VARIABLES)
        return tuple(
            Value(variable, value, default, self.sources.get(variable.name))
            for variable, value, default in (*effective(self.settings), *sdk)
        )


def shown(variable: Variable, text: str) -> str:
    """Return a variable's value for people to read: without the credentials of a URL, and nothing of a secret."""
    if variable.secret:
        return MASK
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    _, credentials, host = authority.rpartition("@")
    return f"{scheme}{separator}{MASK}@{host}{slash}{path}" if credentials else text


class _Reader:
    """One pass over the declarations; collects the names that were used, what they said, and the problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.sources: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.problems: list[Problem] = []

    def group(self, default: Group, scope: Mapping[str, str] = EMPTY) -> Group:
        """Return the group with every field that the environment names."""
        found: dict[str, Any] = {}
        for item in fields(default):  # type: ignore[arg-type]  # every group is a dataclass
            fallback = getattr(default, item.name)
            if "group" in item.metadata:
                found[item.name] = self.group(fallback, {**scope, **item.metadata["scope"]})
            elif "variable" in item.metadata:
                found[item.name] = self.variable(variable_of(item, scope), fallback)
        return type(default)(**found)

    def variable(self, variable: Variable, default: Any) -> Any:
        """Return the variable's value; under several names the first that is usable wins."""
        for name in (variable.name, *variable.older):
            text = self._environ.get(name, "").strip()
            if not text:
                continue
            try:
                value = variable.cast(text)
            except ValueError as error:
                self.problem(Problem(name, shown(variable, text), str(error)))
            else:
                self.sources[variable.name], self.texts[variable.name] = name, shown(variable, text)
                return value
        return default

    def problem(self, problem: Problem) -> None:
        """Keep a problem."""
        if problem not in self.problems:  # a general OTLP variable is read once per signal
            self.problems.append(problem)


def read(environ: Mapping[str, str], *, terminal: bool) -> Reading:
    """Read all variables of an environment; `terminal` says whether stdout is one."""
    reader = _Reader(environ)
    settings = reader.group(Settings())
    upstream = {variable.name: reader.variable(variable, None) for variable in SDK_VARIABLES}
    kubernetes = bool(environ.get("KUBERNETES_SERVICE_HOST"))
    settings, contradictions = derive(settings, reader.sources, kubernetes=kubernetes, terminal=terminal)
    for name, expected in (*contradictions, *upstream_variables.contradictions(upstream)):
        reader.problem(Problem(reader.sources[name], reader.texts[name], expected))
    return Reading(settings, tuple(reader.problems), upstream, reader.sources)


def effective(
    settings: Any, default: Any = None, scope: Mapping[str, str] = EMPTY
) -> Iterator[tuple[Variable, Any, Any]]:
    """Yield each variable of a group with its value and its default, after everything was derived."""
    default = type(settings)() if default is None else default
    for item in fields(settings):
        value, fallback = getattr(settings, item.name), getattr(default, item.name)
        if "group" in item.metadata:
            yield from effective(value, fallback, {**scope, **item.metadata["scope"]})
        elif "variable" in item.metadata:
            yield variable_of(item, scope), value, fallback
