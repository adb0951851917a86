# SPDX-License-Identifier: Apache-2.0
"""What waits for a library acts once, before the importer sees the module."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_distro.imports import when_imported


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    package = tmp_path / "awaited_library"
    package.mkdir()
    (package / "__init__.py").write_text("answer = 41\n")
    (package / "broken.py").write_text("raise RuntimeError('as written')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package.name
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_the_action_runs_before_the_importer_sees_the_module(library: str) -> None:
    def replace() -> None:
        sys.modules[library].answer = 42

    when_imported(library, replace)
    assert library not in sys.modules
    assert importlib.import_module(library).answer == 42


def test_the_action_runs_at_once_for_a_module_that_is_there(library: str) -> None:
    importlib.import_module(library)
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    assert seen == [library]


def test_the_module_keeps_its_own_loader_and_is_not_acted_on_twice(library: str) -> None:
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    module = importlib.import_module(library)
    importlib.reload(module)
    assert seen == [library]
    assert type(module.__loader__).__name__ == type(module.__spec__.loader).__name__ == "SourceFileLoader"


def test_an_action_that_raises_does_not_break_the_import(library: str) -> None:
    seen: list[str] = []
    when_imported(library, lambda: 1 / 0)
    when_imported(library, lambda: seen.append(library))
    assert importlib.import_module(library).answer == 41
    assert seen == [library]


def test_an_import_that_fails_fails_as_it_would_have(library: str) -> None:
    when_imported(f"{library}.broken", lambda: None)
    with pytest.raises(RuntimeError, match="as written"):
        importlib.import_module(f"{library}.broken")


def test_a_library_that_is_absent_stays_absent_and_awaited() -> None:
    when_imported("surely_no_such_library", lambda: None)
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("surely_no_such_library")
