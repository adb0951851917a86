# SPDX-License-Identifier: Apache-2.0
"""docs/adopt.md as a program: its steps are done to a copy of a system's folder, its tables are asked."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
APPS = REPOSITORY / "tests" / "adoption" / "apps"
PAGE = REPOSITORY / "docs" / "adopt.md"
_STEP = re.compile(r"^### (?P<title>.+?)\n(?P<text>.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(?P<kind>sh|diff)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"([A-Z_]+)=(\S+)")


@dataclass(frozen=True)
class Step:
    """A step of the page: what it is called, the variables that it sets, and what it does to the system's folder."""

    title: str
    variables: Mapping[str, str]
    commands: tuple[str, ...]
    diffs: tuple[str, ...]


def steps(system: str) -> list[Step]:
    """Return the steps of a system's section, in order."""
    section = re.search(rf"^## [^\n]*\({system}\)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/adopt.md has no section for {system}"
    return [_step(found["title"], found["text"]) for found in _STEP.finditer(section[1])]


def _step(title: str, text: str) -> Step:
    blocks = [(found["kind"], found["text"]) for found in _BLOCK.finditer(text)]
    lines = [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]
    variables = dict(found.groups() for line in lines if (found := _VARIABLE.fullmatch(line)))
    commands = tuple(line for line in lines if not _VARIABLE.fullmatch(line))
    return Step(title, variables, commands, tuple(block for kind, block in blocks if kind == "diff"))


def questions(heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading of the page: the cells, without the quotes of code."""
    _, _, section = PAGE.read_text().partition(f"## {heading}\n")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines if not line.startswith("|---")]
    return [[cell.strip("` ").replace("\\|", "|") for cell in row] for row in rows]


def take(step: Step, folder: Path) -> None:
    """Do in a folder what a step says: run its commands, take its lines out and put others in their place."""
    for command in step.commands:
        subprocess.run(command, shell=True, cwd=folder, check=True)
    for diff in step.diffs:
        head, *lines = diff.splitlines()
        for name in head.removeprefix("--- ").split():
            path = folder / name
            path.write_text(_changed(path.read_text(), lines, f"{step.title}, {name}"))


def _changed(text: str, lines: list[str], where: str) -> str:
    for number, line in enumerate(lines):
        if line.startswith("-"):
            assert text.count(f"{line[1:]}\n") == 1, f"{where}: {line!r}"
            instead = lines[number + 1] if number + 1 < len(lines) else ""
            text = text.replace(f"{line[1:]}\n", f"{instead[1:]}\n" if instead.startswith("+") else "")
    return text


def prepared(system: str, directory: Path, upto: int | None = None) -> tuple[Path, dict[str, str]]:
    """Return a copy of a system's folder after so many steps of the page, by default all, and its variables then."""
    folder, variables = directory / system, {}
    shutil.copytree(APPS / system, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for step in steps(system)[:upto]:
        take(step, folder)
        variables.update(step.variables)
    return folder, variables
