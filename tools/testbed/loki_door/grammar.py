# SPDX-License-Identifier: Apache-2.0
"""Queries, parsed by the grammar of Grafana's own editor (`@grafana/lezer-logql`, run by Node)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Final, cast

from testbed.programs import program

ERROR: Final = "⚠"


class NotLogQL(ValueError):  # noqa: N818 -- what it says is what it is
    """The query is no LogQL, or uses what this evaluator does not know."""


@dataclass(frozen=True)
class Node:
    """A node of the syntax tree.

    Attributes:
        name: the grammar's name of it.
        text: the part of the query that it covers.
        children: what it is made of.
    """

    name: str
    text: str
    children: tuple[Node, ...]

    def all(self, *names: str) -> Iterator[Node]:
        """Yield the children of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> Node | None:
        """Return the first child of one of these names."""
        return next(self.all(*names), None)

    def one(self, *names: str) -> Node:
        """Return the first child of one of these names, which must be there."""
        if (found := self.first(*names)) is None:
            raise NotLogQL(f"{self.text!r} has no {' or '.join(names)}, only {[child.name for child in self.children]}")
        return found


class _Parser:
    """A Node process that answers a line with a line; it ends with this one, which holds the other end of its stdin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def tree(self, query: str) -> Node:
        with self._lock:
            if self._process is None:
                command = ["node", str(program("logql-grammar"))]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            given, answered = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
            given.write(json.dumps(query).encode() + b"\n")
            given.flush()
            return _node(json.loads(answered.readline()), query.encode("utf-16-le"))

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None


def _node(tree: list[object], query: bytes) -> Node:
    """JavaScript counts positions in units of UTF-16."""
    name, start, end, children = cast("tuple[str, int, int, list[list[object]]]", tree)
    text = query[2 * start : 2 * end].decode("utf-16-le")
    return Node(name, text, tuple(_node(child, query) for child in children))


_PARSER: Final = _Parser()


@lru_cache(maxsize=1000)
def parsed(query: str) -> Node:
    """Return the expression of a query.

    Raises:
        NotLogQL: The grammar finds an error in it.
    """
    tree = _PARSER.tree(query)
    if any(node.name == ERROR for node in walk(tree)) or len(tree.children) != 1:
        raise NotLogQL(f"parse error in {query!r}: {outline(tree)}")
    return tree.children[0]


def close() -> None:
    """End the parser's process."""
    _PARSER.close()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def outline(node: Node) -> str:
    """Return a tree in one line, for messages."""
    inner = " ".join(outline(child) for child in node.children)
    return f"({node.name} {inner})" if inner else f"{node.name}:{node.text!r}"
