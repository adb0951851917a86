# SPDX-License-Identifier: Apache-2.0
"""The checker behind `otel-distro logs check`: do lines, of any service in any language, keep the contract?

The contract is `contract.schema.json`, a JSON Schema; this checks the keywords that it uses, so that no validator has
to be installed where services run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

MAX_LINE_BYTES: Final = 15_360
_SHOWN: Final = 60


class Deviation(NamedTuple):
    """One thing that is wrong with one line; `line` counts from 1."""

    line: int
    problem: str

    def __str__(self) -> str:
        """Return the form in which compilers report."""
        return f"line {self.line}: {self.problem}"


@lru_cache(maxsize=1)
def schema() -> Mapping[str, Any]:
    """Return the contract as a JSON Schema."""
    text = files("otel_distro.logs").joinpath("contract.schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def check(lines: Iterable[bytes | str], most: int = MAX_LINE_BYTES) -> Iterator[Deviation]:
    """Yield every deviation, in the order of the lines.

    Args:
        lines: what a service wrote, with or without line feeds; empty lines are deviations.
        most: bytes that a line may have, line feed included.
    """
    for number, line in enumerate(lines, 1):
        raw = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
        for problem in check_line(raw.removesuffix(b"\n"), most):
            yield Deviation(number, problem)


def check_line(line: bytes, most: int = MAX_LINE_BYTES) -> Iterator[str]:
    """Yield what is wrong with one line."""
    if len(line) + 1 > most:
        yield f"{len(line) + 1} bytes, expected at most {most}"
    try:
        event = json.loads(line.decode(), parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        yield f"not JSON: {error}"
        return
    yield from check_event(event)


def check_event(event: object) -> Iterator[str]:
    """Yield what is wrong with one decoded line."""
    if not isinstance(event, dict):
        yield f"{_shown(event)}: expected an object"
        return
    contract = schema()
    for name in contract["required"]:
        if name not in event:
            yield f"{name} is missing"
    for name, needed in contract["dependentRequired"].items():
        yield from (f"{name} without {other}" for other in needed if name in event and other not in event)
    spelling = contract["propertyNames"]["pattern"]
    for name, value in event.items():
        if not re.search(spelling, name):
            yield f"{_shown(name)}: expected a name in snake_case"
        yield from (
            f"{name}={_shown(value)}: expected {text}" for text in _unmet(value, contract["properties"].get(name))
        )


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers disagree which of two members of one name they keep: https://www.rfc-editor.org/rfc/rfc8259#section-4."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"{_shown(twice)} stands in it twice")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _unmet(value: object, rules: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what was expected of a value and is not so; nothing for fields that the contract leaves open."""
    for keyword, wanted in (rules or {}).items():
        test = _KEYWORDS.get(keyword)
        if test is not None and not test(value, wanted):
            yield f"{keyword} {_shown(wanted)}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _has_type(value: object, wanted: str) -> bool:
    if wanted == "string":
        return isinstance(value, str)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return _is_number(value) and (wanted == "number" or whole)


# As in JSON Schema, a keyword for texts says nothing about other types; `type` does.
_KEYWORDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "type": _has_type,
    "enum": lambda value, wanted: value in wanted,
    "const": lambda value, wanted: value is wanted,
    "pattern": lambda value, wanted: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minLength": lambda value, wanted: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda value, wanted: not isinstance(value, str) or len(value) <= wanted,
    "minimum": lambda value, wanted: not _is_number(value) or value >= wanted,
    "maximum": lambda value, wanted: not _is_number(value) or value <= wanted,
}
