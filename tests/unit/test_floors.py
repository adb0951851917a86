# SPDX-License-Identifier: Apache-2.0
"""The house: imports go down the floors of docs/architecture.md, and no files know each other in a circle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import otel_distro

PACKAGE = Path(otel_distro.__file__).parent

# From the top floor down; rooms of one line do not know each other.
FLOORS = (
    {"__main__"},
    {"cli"},
    {"doctor", "testing", "view"},
    {"launch"},
    {"lifecycle"},
    {"messaging"},
    {"http"},
    {"admin"},
    {"health", "logs", "tracing", "workers"},
    {"metrics", "otlp"},
    {"imports"},
    {"settings"},
    {"diagnostics"},
    {"roles", "upstream", "__init__"},
    {"ground"},
)
FLOOR = {room: len(FLOORS) - number for number, rooms in enumerate(FLOORS) for room in rooms}
# The package's own names come from the top when somebody asks for them; they are no part of the house.
PUBLIC = "__init__"


def test_every_room_has_its_floor() -> None:
    assert {_room(path) for path in _files()} == set(FLOOR)


def test_imports_go_down() -> None:
    arrows = {(_room(path), _room(target)) for path in _files() for target in _imported(path)}
    across = {(room, other) for room, other in arrows if room not in (other, PUBLIC)}
    assert len(across) > 50
    assert [f"{room} -> {other}" for room, other in sorted(across) if FLOOR[room] <= FLOOR[other]] == []


def test_no_files_know_each_other_in_a_circle() -> None:
    below = {path: set(_imported(path)) - {path} for path in _files()}
    below[PACKAGE / "__init__.py"] = set()
    while leaves := [path for path, targets in below.items() if not targets & below.keys()]:
        for path in leaves:
            del below[path]
    assert sorted(str(path.relative_to(PACKAGE)) for path in below) == []


def _files() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "path" not in path.relative_to(PACKAGE).parts]


def _room(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def _imported(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "otel_distro":
            for alias in node.names:
                yield _file(f"{node.module}.{alias.name}") or _file(node.module or "") or PACKAGE / "__init__.py"
        elif isinstance(node, ast.Import):
            yield from filter(None, (_file(alias.name) for alias in node.names if alias.name.startswith("otel_distro")))


def _file(module: str) -> Path | None:
    place = PACKAGE.joinpath(*module.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
