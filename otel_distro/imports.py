# SPDX-License-Identifier: Apache-2.0
"""Act on a library when, and only if, the application imports it: a script that never does pays nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from otel_distro import diagnostics

Action = Callable[[], object]


def when_imported(name: str, action: Action) -> None:
    """Call `action` as soon as the module has been imported: now, if it has been already.

    The importer gets the module after the action, so what that replaces in it is what ``from name import …`` finds.
    """
    if name in sys.modules:
        _act(name, action)
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.actions.setdefault(name, []).append(action)


def _act(name: str, action: Action) -> None:
    try:
        action()
    except Exception as error:  # noqa: BLE001  the boundary: an application's import never fails because of us
        diagnostics.fault(f"instrumentation of {name}", error)


class _Finder(MetaPathFinder):
    """Wraps the loader of the modules that somebody waits for."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Action]] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  the protocol's
        target: ModuleType | None = None,  # noqa: ARG002  the protocol's
    ) -> ModuleSpec | None:
        actions = self.actions.pop(fullname, None)  # gone first: the search below comes through here again
        if actions is None:
            return None
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            self.actions[fullname] = actions
            return None
        spec.loader = _Loader(fullname, spec.loader, actions)
        return spec


class _Loader(Loader):
    """Loads with the real loader, then acts; the module itself only ever sees the real one."""

    def __init__(self, name: str, loader: Any, actions: list[Action]) -> None:
        self._name = name
        self._loader = loader
        self._actions = actions

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for action in self._actions:
            _act(self._name, action)


_finder = _Finder()
