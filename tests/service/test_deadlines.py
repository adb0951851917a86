# SPDX-License-Identifier: Apache-2.0
"""Tests that ask real servers wait as long as a busy machine needs: httpx's own five seconds are too short beside other tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
ASKING = frozenset(("get", "post", "delete", "put", "patch", "request", "head", "options", "stream", "Client"))
# What runs in another process has a deadline there, and units ask what is in the same one.
ELSEWHERE = frozenset(("apps", "unit", "differential", "conformance"))


def impatient(path: Path) -> Iterator[str]:
    """Yield the calls of httpx by which a file of tests asks without a deadline of its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) == "httpx" and function.attr in ASKING:
            assert isinstance(node, ast.Call)
            if "timeout" not in ast.unparse(node):
                yield f"{path.relative_to(TESTS)}:{node.lineno}"


def test_every_question_to_a_server_has_a_deadline() -> None:
    files = [path for path in TESTS.rglob("*.py") if ELSEWHERE.isdisjoint(path.relative_to(TESTS).parts)]
    assert len(files) > 100
    assert [call for path in files for call in impatient(path)] == []
