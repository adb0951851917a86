# SPDX-License-Identifier: Apache-2.0
"""What `otel-distro env` lists: every variable that has an effect, by subject, for people and as JSON."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any

from otel_distro.ground.frozen import dataclass
from otel_distro.settings.declare import variable_of
from otel_distro.settings.model import SDK_VARIABLES, Settings, Variable, declared
from otel_distro.settings.reading import Reading, effective
from otel_distro.settings.texts import as_text, default_text, shown

WIDTH = 100
MARGIN = " " * 6
ALL_SIGNALS = "All signals"
BY_THE_SDK = "Obeyed by the SDK"
BY_OTHERS = "Read by instrumentations and others, if by anybody"


@dataclass(frozen=True)
class Row:
    """One variable as it is listed; `source` is the name that its value was read from, None for the default."""

    subject: str
    name: str
    value: str
    default: str
    source: str | None
    is_set: bool
    doc: str


def rows(reading: Reading, names: Iterable[str]) -> Iterator[Row]:
    """Yield all variables in the order of the reference; `names` are those of the whole environment."""
    settings, defaults = reading.settings, Settings()
    for item in fields(settings):
        if "variable" in item.metadata:
            value, default = getattr(settings, item.name), getattr(defaults, item.name)
            yield _row(reading, "The distribution", variable_of(item, {}), value, default)
    yield from _general(reading, defaults)
    for item in fields(settings):
        if "group" in item.metadata:
            group = getattr(settings, item.name)
            subject = (type(group).__doc__ or "").splitlines()[0].rstrip(".")
            for variable, value, default in effective(group):
                yield _row(reading, subject, variable, value, default)
    for variable in SDK_VARIABLES:
        yield _row(reading, BY_THE_SDK, variable, reading.upstream[variable.name], None)
    ours = {name for one in (*declared(Settings), *SDK_VARIABLES) for name in (one.name, *one.older)}
    others = sorted(name for name in names if name.startswith("OTEL_") and name not in ours)
    yield from (Row(BY_OTHERS, name, "(set)", "-", name, is_set=True, doc="") for name in others)


def _row(reading: Reading, subject: str, variable: Variable, value: Any, default: Any) -> Row:
    text = as_text(value) or "-"
    if value in (None, (), {}) and variable in SDK_VARIABLES:
        text = variable.default_text or text
    return Row(
        subject=subject,
        name=variable.name,
        value=shown(variable, text) if value else text,
        default=default_text(variable, default),
        source=reading.sources.get(variable.name),
        is_set=any(name in reading.given for name in (variable.name, *variable.older) if not _is_general(name)),
        doc=variable.doc,
    )


def _general(reading: Reading, defaults: Settings) -> Iterator[Row]:
    """Yield those that hold for all signals, each with the declaration of the first signal's."""
    listed: set[str] = set()
    for variable, _, default in effective(defaults):
        for name in variable.older:
            if _is_general(name) and name not in listed:
                listed.add(name)
                text, given = default_text(variable, default), name in reading.given
                value = reading.given.get(name, text)
                yield Row(ALL_SIGNALS, name, value, text, name if given else None, given, variable.doc)


def _is_general(name: str) -> bool:
    return name.startswith(("OTEL_EXPORTER_OTLP_", "OTEL_PYTHON_EXCLUDED"))


def lines(listed: list[Row], *, everything: bool) -> Iterator[str]:
    """Yield the list for a terminal: what is set, or everything, with one line on what each does."""
    chosen = [row for row in listed if everything or row.is_set]
    for subject, group in groupby(chosen, key=lambda row: row.subject):
        yield from (subject, "")
        for row in group:
            yield from _entry(row)
        yield ""
    rest = len(listed) - len(chosen)
    if rest:
        yield f"{rest} more variables have their defaults: otel-distro env --all"


def _entry(row: Row) -> Iterator[str]:
    head = f"  {row.name} = "
    if len(head) + len(row.value) <= WIDTH:
        yield head + row.value
    else:
        yield head.rstrip()
        yield from _broken(row.value)
    notes = [row.doc.partition(". ")[0].rstrip(".") + "."] if row.doc else []
    if row.source not in (None, row.name):
        notes.append(f"From {row.source}.")
    if row.is_set and row.default not in (row.value, "-", ""):
        notes.append(f"Default: {row.default}.")
    yield from textwrap.wrap(
        " ".join(notes), WIDTH, initial_indent=MARGIN, subsequent_indent=MARGIN, break_on_hyphens=False
    )


def _broken(value: str) -> Iterator[str]:
    """Break a long list after its commas, and what has none where it must be."""
    line = ""
    for piece in re.findall(rf"[^,]{{1,{WIDTH - len(MARGIN) - 1}}},?|,", value):
        if line and len(MARGIN) + len(line) + len(piece) > WIDTH:
            yield MARGIN + line
            line = ""
        line += piece
    yield MARGIN + line


def records(listed: list[Row]) -> list[dict[str, Any]]:
    """Return the list for programs."""
    return [{field.name: getattr(row, field.name) for field in fields(row)} for row in listed]
