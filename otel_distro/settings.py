# SPDX-License-Identifier: Apache-2.0
"""The only reader, and writer, of the environment.

`read` turns it into a `Reading`: frozen `Settings`, where each value came from, and all problems at once. A wrong value
is reported and its default used: telemetry stays on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, TypeVar

from otel_distro import casts
from otel_distro.frozen import dataclass
from otel_distro.variables import EMPTY, SDK_VARIABLES, Settings, Variable
from otel_distro.variables import upstream as upstream_variables
from otel_distro.variables.declare import variable_of
from otel_distro.variables.derive import derive

Group = TypeVar("Group")
MASK = "***"

# What the distribution wants of upstream where the user said nothing; children inherit it.
THIS_DISTRIBUTION = {"OTEL_PYTHON_DISTRO": "otel_distro", "OTEL_PYTHON_CONFIGURATOR": "otel_distro"}
UPSTREAM_DEFAULTS: Mapping[str, str] = {
    **THIS_DISTRIBUTION,
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_LOGS_EXPORTER": "none",
}


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
    values: tuple[Value, ...]
    problems: tuple[Problem, ...]


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
        return replace(default, **found)  # type: ignore[type-var]

    def variable(self, variable: Variable, default: Any) -> Any:
        """Return the variable's value; under several names the first that is usable wins."""
        for name in (variable.name, *variable.older):
            text = self._environ.get(name, "").strip()
            if not text:
                continue
            shown = MASK if variable.secret else text
            try:
                value = variable.cast(text)
            except ValueError as error:
                self.problem(Problem(name, shown, str(error)))
            else:
                self.sources[variable.name], self.texts[variable.name] = name, shown
                return value
        return default

    def problem(self, problem: Problem) -> None:
        """Keep a problem."""
        if problem not in self.problems:  # a general OTLP variable is read once per signal
            self.problems.append(problem)


def read(environ: Mapping[str, str] | None = None, *, terminal: bool | None = None) -> Reading:
    """Read the environment.

    Args:
        environ: The variables; the process's own by default.
        terminal: Whether stdout is a terminal; found out by default.
    """
    environ = os.environ if environ is None else environ
    reader = _Reader(environ)
    settings = reader.group(Settings())
    upstream = [(variable, reader.variable(variable, None)) for variable in SDK_VARIABLES]
    terminal = _stdout_is_terminal() if terminal is None else terminal
    settings, contradictions = derive(settings, reader.sources, kubernetes=_in_kubernetes(environ), terminal=terminal)
    sdk = upstream_variables.contradictions({variable.name: value for variable, value in upstream})
    for name, expected in (*contradictions, *sdk):
        reader.problem(Problem(reader.sources[name], reader.texts[name], expected))
    values = [
        Value(variable, value, default, reader.sources.get(variable.name))
        for variable, value, default in [
            *effective(settings),
            *((variable, value, None) for variable, value in upstream),
        ]
    ]
    return Reading(settings, tuple(values), tuple(reader.problems))


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


def _in_kubernetes(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST"))


def _stdout_is_terminal() -> bool:
    return sys.stdout is not None and not sys.stdout.closed and sys.stdout.isatty()


def prepare_upstream(reading: Reading, environ: MutableMapping[str, str] | None = None) -> None:
    """Fill in the defaults that upstream reads, and take away the values that would make it raise."""
    environ = os.environ if environ is None else environ
    for problem in reading.problems:
        if problem.name.startswith("OTEL_"):  # the others are the application's: LOG_LEVEL, HTTPS_PROXY
            environ.pop(problem.name, None)
    _set_defaults(UPSTREAM_DEFAULTS, environ)
    if upstream_variables.ratio_is_missing(environ):
        environ["OTEL_TRACES_SAMPLER_ARG"] = "1.0"
    # A list that names other conventions only would bring the old HTTP names back, which no dashboard of ours knows.
    conventions = casts.names(environ["OTEL_SEMCONV_STABILITY_OPT_IN"])
    if not {"http", "http/dup"}.intersection(conventions):
        environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = ",".join((*conventions, "http"))


def prefer_this_distribution() -> None:
    """Choose this distribution for the program that the launcher is about to start, unless the user chose another."""
    _set_defaults(THIS_DISTRIBUTION, os.environ)


def _set_defaults(defaults: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    for name, value in defaults.items():
        if not environ.get(name, "").strip():
            environ[name] = value


@contextmanager
def overridden(changes: Mapping[str, str], environ: MutableMapping[str, str] | None = None) -> Iterator[None]:
    """Set variables for the length of a call into upstream, then put back what was there: children inherit it."""
    environ = os.environ if environ is None else environ
    before = {name: environ.get(name) for name in changes}
    environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            environ.pop(name, None) if value is None else environ.__setitem__(name, value)


def publish_owner(value: str | None) -> None:
    """Leave word of the admin port's owner for the children of this process, or take it back."""
    if value is None:
        os.environ.pop("OTEL_DISTRO_OWNER", None)
    else:
        os.environ["OTEL_DISTRO_OWNER"] = value
