# SPDX-License-Identifier: Apache-2.0
"""Act on a library when, and only if, the application imports it: a script that never does pays nothing.

How and when it does so decides nothing: the search for a module only looks, nested imports are acted on when the
outermost of them is complete, a library that is imported anew is acted on anew.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from otel_distro import diagnostics

Action = Callable[[], object]
Undo = Callable[[], None]


def when_imported(name: str, action: Action, *, needs: str | None = None, again: bool = False) -> Undo:
    """Call `action` as soon as the module has been imported: now, if it has been already.

    The importer gets the module after the action, so what that replaces in it is what ``from name import …`` finds.

    Args:
        name: The module.
        action: What to do then.
        needs: A module that the action imports and that imports the library itself: the application may have imported
            it first, and while it is half there nobody can have anything of it. Actions with the same need take turns.
        again: Act once more when the module has been taken out of `sys.modules` and is imported anew.

    Returns:
        What ends the waiting.
    """
    awaited = _Awaited(name, action, _finder.turns_for(needs), again=again)
    _finder.add(awaited)
    if _is_there(name):
        awaited.turns.due(awaited)
        awaited.turns.work()
    return lambda: _finder.remove(awaited)


def _is_there(name: str) -> bool:
    """Whether a module is imported; if another thread is at it, when that has finished."""
    if sys.modules.get(name) is None:  # None forbids the import
        return False
    try:
        import_module(name)
    except Exception:  # noqa: BLE001 - the other thread's import failed, and that thread hears of it
        return False
    return True


class _Awaited:
    """An action and the module that it waits for."""

    def __init__(self, name: str, action: Action, turns: _Turns, *, again: bool) -> None:
        self.name = name
        self.turns = turns
        self._action = action
        self._again = again
        self._acted_on: object = None

    def act(self) -> None:
        """Act, once for each module of the name: `importlib.reload` keeps the module."""
        module = sys.modules.get(self.name)
        if module is None or module is self._acted_on or not (self._again or self._acted_on is None):
            return
        self._acted_on = module
        try:
            self._action()
        except Exception as error:  # noqa: BLE001 - the boundary: an application's import never fails because of us
            diagnostics.fault(f"instrumentation of {self.name}", error)


class _Turns:
    """Actions with the same need, one at a time, and none while what they need, or their library, is half imported.

    A thread whose turn it is not leaves its action to the one that acts: waiting for it would be a deadlock, since each
    holds the import lock of its own library and the need imports both.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: deque[_Awaited] = deque()
        self._acting = False
        self._needs_being_imported = 0
        self._here = threading.local()

    def enter(self, *, need: bool) -> None:
        """Note that the import of a library, or of the need, begins in this thread."""
        self._here.depth = self._depth() + 1
        with self._lock:
            self._needs_being_imported += need

    def leave(self, *, need: bool) -> None:
        """Note that it has ended, whether or not it has failed, and act if it was the outermost."""
        self._here.depth = self._depth() - 1
        with self._lock:
            self._needs_being_imported -= need
        if self._depth() == 0:
            self.work()

    def due(self, awaited: _Awaited) -> None:
        """Have an action's turn come."""
        with self._lock:
            self._due.append(awaited)

    def work(self) -> None:
        """Act until nothing is due."""
        while (awaited := self._next()) is not None:
            try:
                awaited.act()
            finally:
                with self._lock:
                    self._acting = False

    def _next(self) -> _Awaited | None:
        with self._lock:
            if self._acting or self._needs_being_imported or not self._due:
                return None
            self._acting = True
            return self._due.popleft()

    def _depth(self) -> int:
        depth: int = getattr(self._here, "depth", 0)
        return depth


class _Finder(MetaPathFinder):
    """Wraps the loader of the modules that somebody waits for; who only looks for one changes nothing."""

    def __init__(self) -> None:
        self._awaited: dict[str, tuple[_Awaited, ...]] = {}
        self._needs: dict[str, _Turns] = {}
        self._here = threading.local()

    def turns_for(self, need: str | None) -> _Turns:
        """Return the queue of those who need a module."""
        return _Turns() if need is None else self._needs.setdefault(need, _Turns())

    def add(self, awaited: _Awaited) -> None:
        """Wait for a module."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._awaited[awaited.name] = (*self._awaited.get(awaited.name, ()), awaited)

    def remove(self, awaited: _Awaited) -> None:
        """Wait for it no longer."""
        left = tuple(each for each in self._awaited.get(awaited.name, ()) if each is not awaited)
        self._awaited[awaited.name] = left
        if not left:
            del self._awaited[awaited.name]
        if not self._awaited and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the finders after and before us find, with a loader that tells us when it has loaded."""
        if fullname not in self._awaited and fullname not in self._needs:
            return None
        looking: set[str] = self._here.__dict__.setdefault("looking", set())
        if fullname in looking:  # another hook asks everybody, as we do
            return None
        looking.add(fullname)
        try:
            spec = _found_by_others(self, fullname, path, target)
        finally:
            looking.discard(fullname)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(fullname, spec.loader)
        return spec

    def waiting_for(self, name: str) -> tuple[_Awaited, ...]:
        """Return the actions that a module's import makes due."""
        return self._awaited.get(name, ())

    def need(self, name: str) -> _Turns | None:
        """Return the queue of those who need this module."""
        return self._needs.get(name)


def _found_by_others(
    this: MetaPathFinder, fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in tuple(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        if finder is this or find is None:
            continue
        spec: ModuleSpec | None = find(fullname, path, target)
        if spec is not None:
            return spec
    return None


class _Loader(Loader):
    """Loads with the real loader, then has the actions' turn come; the module itself only ever sees the real one."""

    def __init__(self, name: str, loader: Any) -> None:
        self._name = name
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        """Whoever looks at a spec finds the real loader's other methods: `get_code`, `get_source`, …."""
        if name == "_loader":  # a copy that has nothing yet
            raise AttributeError(name)
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        need, awaited = _finder.need(self._name), _finder.waiting_for(self._name)
        turns = dict.fromkeys([*([need] if need else []), *(each.turns for each in awaited)])
        for each in turns:
            each.enter(need=each is need)
        try:
            self._loader.exec_module(module)
            for action in awaited:
                action.turns.due(action)
        finally:
            for each in turns:
                each.leave(need=each is need)


# What a library raises shows the same traceback as without us: CPython leaves the frames of importlib's files out
# (`remove_importlib_frames` in Python/import.c), and `warnings` passes over them in the same way.
_Loader.exec_module.__code__ = _Loader.exec_module.__code__.replace(
    co_filename="<frozen importlib._bootstrap_external>"
)

_finder = _Finder()
