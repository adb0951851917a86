# SPDX-License-Identifier: Apache-2.0
"""The environment's variables become a `Reading`: frozen `Settings`, where each value came from, all problems at once.

A wrong value is reported and its default used: telemetry stays on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import sdk as upstream_variables
from otel_distro.settings.casts import PartlyRefused
from otel_distro.settings.declare import Given, variable_of
from otel_distro.settings.derive import derive
from otel_distro.settings.doubts import doubts
from otel_distro.settings.known import strangers
from otel_distro.settings.model import EMPTY, SDK_VARIABLES, Settings, Variable
from otel_distro.settings.texts import as_text, clean, default_text, is_quoted, referred, shown, written

Group = TypeVar("Group")


@dataclass(frozen=True)
class Problem:
    """A variable whose value cannot be used, or not all of it."""

    name: str
    value: str
    expected: str
    instead: str = ""

    def __str__(self) -> str:
        """Name the key, the value, what was expected and what is used instead."""
        return f"{self.name}={self.value!r}: expected {self.expected}" + (f"; {self.instead}" if self.instead else "")


@dataclass(frozen=True)
class Value:
    """What became of one variable: `source` is the name it was read from, None for the default."""

    variable: Variable
    value: Any
    default: Any
    source: str | None


@dataclass(frozen=True)
class Reading:
    """The environment, read.

    Attributes:
        settings: What it says.
        problems: Values that cannot be used.
        upstream: What the SDK reads itself, by name.
        sources: Variable -> the name that it was read from.
        given: Name -> what it says, as it may be shown, for every name that says something.
        corrections: Name -> what upstream shall find there, None for nothing: it raises where we report.
        strangers: Variables that nobody reads, one sentence each: mostly misspelt.
        doubts: What can be used and is hardly meant, one sentence each.
    """

    settings: Settings
    problems: tuple[Problem, ...]
    upstream: Mapping[str, Any]
    sources: Mapping[str, str]
    given: Mapping[str, str]
    corrections: Mapping[str, str | None]
    strangers: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """What became of every variable, for those who want to look."""
        sdk = ((variable, self.upstream[variable.name], None) for variable in SDK_VARIABLES)
        return tuple(
            Value(variable, value, default, self.sources.get(variable.name))
            for variable, value, default in (*effective(self.settings), *sdk)
        )

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong for certain, one sentence each."""
        return (*map(str, self.problems), *self.strangers)


class _Reader:
    """One pass over the declarations; collects the names that were used, what they said, and the problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.sources: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.known: set[str] = set()
        self.several: dict[str, tuple[tuple[str, str], ...]] = {}
        self.problems: list[Problem] = []
        self.corrections: dict[str, str | None] = {}
        self.quoted: dict[str, None] = {}

    def group(self, default: Group, scope: Mapping[str, str] = EMPTY) -> Group:
        """Return the group with every field that the environment names."""
        found: dict[str, Any] = {}
        for item in fields(default):  # type: ignore[arg-type]  # every group is a dataclass
            fallback = getattr(default, item.name)
            if "group" in item.metadata:
                found[item.name] = self.group(fallback, {**scope, **item.metadata["scope"]})
            elif "variable" in item.metadata:
                variable = variable_of(item, scope)
                if variable.cast_by:
                    variable = replace(variable, cast=variable.cast(found[variable.cast_by]))
                found[item.name] = self.variable(variable, fallback)
        return type(default)(**found)

    def variable(self, variable: Variable, default: Any) -> Any:
        """Return the variable's value; under several names the first that is usable wins."""
        refused: list[Problem] = []
        value, instead = default, _using(variable, default_text(variable, default))
        names = [(name, text) for name in (variable.name, *variable.older) if (text := self._text(name))]
        self.known.update((variable.name, *variable.older))
        if len(names) > 1 and not variable.secret:
            self.several[variable.name] = tuple(names)
        self.given.update((name, shown(variable, text)) for name, text in names)
        for name, text in names:
            try:
                value = self._cast(variable, name, text)
            except ValueError as error:
                refused.append(Problem(name, shown(variable, text), str(error)))
                self.corrections[name] = None
            else:
                self.sources[variable.name], self.texts[variable.name] = name, shown(variable, text)
                instead = f"using {name}"
                break
        for problem in refused:
            self.problem(replace(problem, instead=instead))
        return value

    def _text(self, name: str) -> str:
        """Return what a variable says, without what tools leave around it; empty means unset."""
        raw = self._environ.get(name)
        if raw is None:
            return ""
        text = clean(raw)
        if is_quoted(raw):
            self.quoted[name] = None
        if text != raw or not text:
            self.corrections[name] = text or None
        return text

    def _cast(self, variable: Variable, name: str, text: str) -> Any:
        if variable.refers:
            return variable.cast(referred(text, self._environ))
        try:
            value = variable.cast(text)
        except PartlyRefused as error:
            value = error.usable
            problem = Problem(name, shown(variable, text), str(error))
            self.problem(replace(problem, instead=_using(variable, as_text(value))))
            self.corrections[name] = written(value)
        else:
            if isinstance(value, (bool, str, tuple)) and value != () and written(value) != text:
                self.corrections[name] = written(value)  # upstream knows one spelling of each
        return value

    def problem(self, problem: Problem) -> None:
        """Keep a problem."""
        if (problem.name, problem.expected) not in {(known.name, known.expected) for known in self.problems}:
            self.problems.append(problem)  # a general OTLP variable is read once per signal


def _using(variable: Variable, text: str) -> str:
    if text in {"", "-"}:
        return "it is ignored"
    return f"using {shown(variable, text)}" if not variable.secret else "the rest of it is used"


def read(environ: Mapping[str, str]) -> Reading:
    """Read all variables of an environment."""
    reader = _Reader(environ)
    settings = reader.group(Settings())
    upstream = {variable.name: reader.variable(variable, None) for variable in SDK_VARIABLES}
    kubernetes = bool(environ.get("KUBERNETES_SERVICE_HOST"))
    settings, contradictions = derive(settings, reader.sources, kubernetes=kubernetes)
    reader.problems = [one for one in reader.problems if not _concerns_nobody(one, settings, reader.sources)]
    for found in (*contradictions, *upstream_variables.contradictions(upstream)):
        name = reader.sources[found.variable]
        reader.problem(Problem(name, reader.texts[found.variable], found.expected, found.instead))
        reader.corrections[name] = found.correction
    return Reading(
        settings,
        tuple(reader.problems),
        upstream,
        reader.sources,
        reader.given,
        reader.corrections,
        tuple(strangers(environ, reader.known)),
        tuple(doubts(settings, upstream, Given(reader.sources, reader.texts, tuple(reader.quoted), reader.several))),
    )


def _concerns_nobody(problem: Problem, settings: Settings, sources: Mapping[str, str]) -> bool:
    """Whether the general endpoint is right for the signals that are exported: gRPC takes what HTTP does not."""
    general = "OTEL_EXPORTER_OTLP_ENDPOINT"
    owns = {
        f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT": any(name.startswith("otlp") for name in group.exporters)
        for group, signal in ((settings.traces, "TRACES"), (settings.metrics, "METRICS"), (settings.logs, "LOGS"))
    }
    used = any(sources.get(own) == general for own in owns)
    missed = any(own not in sources for own, exported in owns.items() if exported)
    return problem.name == general and used and not missed


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
