# SPDX-License-Identifier: Apache-2.0
"""What waits for a library acts once, before the importer sees the module."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from otel_distro import diagnostics
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


def test_who_only_looks_for_a_module_changes_nothing(library: str) -> None:
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    spec = importlib.util.find_spec(library)
    assert spec is not None
    assert spec.loader.get_source(library) == "answer = 41\n"  # a method of the real loader
    assert (seen, library in sys.modules) == ([], False)
    assert importlib.import_module(library).answer == 41
    assert seen == [library]


def test_a_library_that_is_imported_anew_is_acted_on_anew_if_that_is_wanted(library: str) -> None:
    seen: list[str] = []
    when_imported(library, lambda: seen.append("each"), again=True)
    when_imported(library, lambda: seen.append("first"))
    for _ in range(3):
        importlib.reload(importlib.import_module(library))
        del sys.modules[library]
    assert seen == ["each", "first", "each", "each"]


def test_waiting_can_be_ended(library: str) -> None:
    seen: list[str] = []
    kept = when_imported(library, lambda: seen.append("kept"))
    when_imported(library, lambda: seen.append("gone"))()
    importlib.import_module(library)
    assert seen == ["kept"]
    kept()


def test_a_lazy_import_is_acted_on_when_it_is_real(library: str) -> None:
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    spec = importlib.util.find_spec(library)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[library] = module
    spec.loader.exec_module(module)
    assert seen == []
    assert module.answer == 41
    assert seen == [library]


@pytest.mark.parametrize("stand_in", [None, object()], ids=["forbidden", "a stub"])
def test_what_stands_in_a_module_s_place_is_no_trouble(stand_in: object, library: str) -> None:
    sys.modules[library] = stand_in
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    assert seen == ([library] if stand_in else [])


class Asking:
    """An import hook of somebody else's that asks all others, us included, as wrapt's does."""

    def __init__(self) -> None:
        self.busy = False
        self.found: list[str] = []

    def find_spec(self, name, path=None, target=None):
        if self.busy:
            return None
        self.busy = True
        try:
            self.found.append(name)
            return importlib.util.find_spec(name)
        finally:
            self.busy = False


@pytest.mark.parametrize("place", ["before", "behind"])
def test_hooks_of_others_work_before_and_behind_ours(place: str, library: str, monkeypatch) -> None:
    seen: list[str] = []
    when_imported(library, lambda: seen.append(library))
    hook = Asking()
    at = 0 if place == "before" else 1
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:at], hook, *sys.meta_path[at:]])
    assert importlib.import_module(library).answer == 41
    assert seen == [library]
    assert hook.found == [library]


def test_a_module_in_a_zip_is_acted_on(tmp_path: Path, monkeypatch) -> None:
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("zipped_library.py", "answer = 41\n")
    monkeypatch.syspath_prepend(str(tmp_path / "app.zip"))
    seen: list[str] = []
    when_imported("zipped_library", lambda: seen.append("zipped_library"))
    assert importlib.import_module("zipped_library").answer == 41
    assert seen == ["zipped_library"]
    del sys.modules["zipped_library"]


FAILS = """
import traceback, warnings
warnings.warn("old", DeprecationWarning, stacklevel=2)
def deep():
    raise {error}
deep()
"""
REPORT = """
import sys, traceback
sys.path.insert(0, {folder!r})
{waiting}
try:
    import failing_library
except BaseException:
    traceback.print_exc()
"""


@pytest.mark.parametrize(
    "error", ["RuntimeError('x')", "ImportError('x')", "SystemExit(3)", "KeyboardInterrupt()", "1 / 0"]
)
def test_what_a_library_raises_and_warns_of_looks_as_without_us(error: str, tmp_path: Path) -> None:
    (tmp_path / "failing_library.py").write_text(FAILS.format(error=error))
    texts = []
    for waiting in ("", "from otel_distro.imports import when_imported as w; w('failing_library', print)"):
        code = REPORT.format(folder=str(tmp_path), waiting=waiting)
        done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
        texts.append((done.stdout, done.stderr))
    bare, ours = texts
    assert "DeprecationWarning" in bare[1]
    assert "in deep" in bare[1]
    assert ours == bare


@pytest.fixture
def needed(tmp_path: Path, monkeypatch) -> Iterator[tuple[str, str, str]]:
    """A need that imports both of its libraries, as contrib's module of httpx does."""
    names = "a_library", "b_library", "their_instrumentation"
    for name in names[:2]:
        (tmp_path / f"{name}.py").write_text("import time; time.sleep(0.01)\nobserved = 0\n")
    (tmp_path / f"{names[2]}.py").write_text("import a_library, b_library\ndef observe(m): m.observed += 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield names
    for name in names:
        sys.modules.pop(name, None)


def observe(names: tuple[str, str, str]) -> list[Callable[[], None]]:
    """Wait for both libraries with actions that need the instrumentation whole."""

    def action(name: str) -> None:
        from their_instrumentation import observe

        observe(sys.modules[name])

    return [when_imported(name, partial(action, name), needs=names[2]) for name in names[:2]]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3)), (0,), (1,), (2,)])
def test_in_whatever_order_libraries_and_their_need_are_imported_each_is_acted_on_once(
    order: tuple[int, ...], needed: tuple[str, str, str]
) -> None:
    before = dict(diagnostics.faults())
    forget = observe(needed)
    for number in order:
        module = importlib.import_module(needed[number])
        assert number == 2 or module.observed == 1
    assert [sys.modules[name].observed for name in needed[:2]] == [1, 1]
    assert dict(diagnostics.faults()) == before
    [each() for each in forget]


@pytest.mark.parametrize("round_", range(10))
def test_threads_that_import_at_once_neither_wait_for_each_other_nor_act_twice(
    round_: int, needed: tuple[str, str, str]
) -> None:
    before = dict(diagnostics.faults())
    forget = observe(needed)
    begin = threading.Barrier(9)

    def work(name: str) -> None:
        begin.wait()
        importlib.import_module(name)

    threads = [threading.Thread(target=work, args=[needed[number % 3]], daemon=True) for number in range(9)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    assert [thread.is_alive() for thread in threads] == [False] * 9
    assert [sys.modules[name].observed for name in needed[:2]] == [1, 1]
    assert dict(diagnostics.faults()) == before
    [each() for each in forget]
