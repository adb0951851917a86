# SPDX-License-Identifier: Apache-2.0
"""Change modules right after they are executed, whenever that is.

Upstream's tests call `importlib.reload(opentelemetry.sdk.trace)`, which executes the module again and so drops whatever
was patched into it. A reload asks `sys.meta_path` for the loader again: a finder there is asked every time.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

Patch = Callable[[ModuleType], None]


class _PatchingLoader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, patch: Patch) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._patch(module)


class PatchingFinder(importlib.abc.MetaPathFinder):
    """Finds the modules that have a patch, and nothing else."""

    def __init__(self, patches: Mapping[str, Patch]) -> None:
        self._patches = patches

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._patches:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, self._patches[name])
        return spec


def install(patches: Mapping[str, Patch]) -> None:
    """Have the patches applied to every later execution of their modules."""
    early = sorted(set(patches) & set(sys.modules))
    if early:
        raise RuntimeError(f"imported before they could be patched: {', '.join(early)}")
    sys.meta_path.insert(0, PatchingFinder(patches))
