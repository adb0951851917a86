# SPDX-License-Identifier: Apache-2.0
"""All that the package keeps at module or class level stands in `ground/process_state.py`, and a test can have it put back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

import otel_distro
from otel_distro import diagnostics
from otel_distro.ground.process_state import CACHES, STATE
from otel_distro.metrics.limit import LimitedMatch

PACKAGE = Path(otel_distro.__file__).parent
CONTAINERS = {
    *("list", "dict", "set", "deque", "Counter", "defaultdict", "OrderedDict", "local", "Lock", "RLock", "Random"),
    *("WeakKeyDictionary", "WeakValueDictionary", "WeakSet"),
}


def test_all_state_of_the_process_is_listed() -> None:
    found = set(kept())
    assert len(found) > 35
    assert found - {*STATE, *CACHES} == set()
    assert {*STATE, *CACHES} - found == set()


@pytest.mark.usefixtures("process_state")
def test_what_is_kept_is_put_back_after_a_test() -> None:
    """See `test_nothing_is_left_of_the_test_before`, which comes next."""
    diagnostics._faults["only in this test"] += 1
    LimitedMatch.limit = 7


def test_nothing_is_left_of_the_test_before() -> None:
    assert "only in this test" not in diagnostics._faults
    assert LimitedMatch.limit != 7


def kept() -> Iterator[str]:
    """Yield the place of everything that is kept beyond a call: `module:name`, or `module:class` for attributes of classes."""
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                yield from (f"{module}:{name}" for name in node.names)
            elif is_attribute_set(node) and (owner := defined_in(ast.unparse(node.value), module, tree)):
                yield owner
        for node in tree.body:
            for target, value in assigned(node):
                if target.islower() and not target.startswith("__") and is_mutable(value):
                    yield f"{module}:{target}"


def is_attribute_set(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)


@cache
def modules() -> dict[str, ast.Module]:
    """Return the syntax of all modules by their names below the package, but for programs of their own."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if "path" not in path.relative_to(PACKAGE).parts]
    names = [".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return dict(zip(names, (ast.parse(path.read_text()) for path in paths), strict=True))


@cache
def classes() -> dict[str, dict[str, ast.ClassDef]]:
    """Return the classes of each module."""
    return {
        module: {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for module, tree in modules().items()
    }


def defined_in(name: str, module: str, tree: ast.Module) -> str | None:
    """Return the place of a class whose attribute is set from outside of its objects; None if the name is no class of ours."""
    if name in classes()[module]:
        return f"{module}:{name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("otel_distro."):
            source = (node.module or "").removeprefix("otel_distro.")
            if name in {alias.name for alias in node.names} and name in classes().get(source, {}):
                return f"{source}:{name}"
    return None


def assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield names and values of an assignment, also of one of several at once."""
    if isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                names = [each.id for each in target.elts if isinstance(each, ast.Name)]
                yield from zip(names, node.value.elts, strict=True)


def is_mutable(value: ast.expr) -> bool:
    """Whether a value can become another one: a container, or an object of a class of ours that keeps something."""
    if isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)):
        return True
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    own = [found[name] for found in classes().values() if name in found]
    return name in CONTAINERS or any(keeps(kind) for kind in own)


def keeps(kind: ast.ClassDef) -> bool:
    """Whether objects of a class have anything of their own: attributes, or what is in a container that they are."""
    stored = any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
        for node in ast.walk(kind)
    )
    fields = any(isinstance(node, (ast.Assign, ast.AnnAssign)) for node in kind.body)
    return stored or fields or any(ast.unparse(base).partition("[")[0] in CONTAINERS for base in kind.bases)
