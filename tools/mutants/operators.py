# SPDX-License-Identifier: Apache-2.0
"""Every change of one place that a sampled run may draw: one small edit of a syntax tree each.

Left out is what changes no behaviour: annotations, docstrings, `if TYPE_CHECKING`, texts that people read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_EXTREMES = {"min": "max", "max": "min"}
_PASS = ast.Pass()


@dataclass(frozen=True)
class Place:
    """Where a file can be changed: the number of the node, and which of its changes."""

    operator: str
    node: int
    which: int


@dataclass(frozen=True)
class Change:
    """What stands in a place, and what stands there instead."""

    operator: str
    line: int
    text: str  # of that line
    before: str
    after: str
    source: str  # of the whole file with the change


def places(source: str) -> list[Place]:
    """Return every place of a file, in the order of its lines."""
    return [
        Place(operator, number, which)
        for number, node in enumerate(_code(ast.parse(source)))
        for which, (operator, _) in enumerate(_instead(node))
    ]


def changed(source: str, place: Place) -> Change:
    """Return the file with the change of one place."""
    tree = ast.parse(source)
    old = list(_code(tree))[place.node]
    _, new = list(_instead(old))[place.which]
    before = ast.unparse(old)
    _replace(tree, old, new)
    text = ast.unparse(ast.fix_missing_locations(tree))
    line = getattr(old, "lineno", 0)
    shown = source.splitlines()[line - 1].strip() if line else ""
    return Change(place.operator, line, shown, before, ast.unparse(new), text)


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]
                return


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through what runs, in the order of the text."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _silent(child):
                yield child
                yield from _code(child)


def _silent(node: ast.AST) -> bool:
    return (
        isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arguments))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    )


def _instead(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:  # noqa: C901 - a table, in the shape of a match
    match node:
        case ast.Compare(ops=[only]) if type(only) in _COMPARISONS:
            yield "comparison", ast.Compare(node.left, [_COMPARISONS[type(only)]()], node.comparators)
        case ast.BoolOp():
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from (
                ("dropped term", each) for each in starmap(_without, ((node, i) for i in range(len(node.values))))
            )
        case ast.UnaryOp(op=ast.Not()):
            yield "not", node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC and not _text_or_type(node):
            yield "arithmetic", ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None", ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield "deleted statement", _PASS
        case ast.If():
            yield "if True", ast.If(ast.Constant(True), node.body, node.orelse)
            yield "if False", ast.If(ast.Constant(False), node.body, node.orelse)
        case ast.Raise():
            yield "raise removed", _PASS
        case ast.Call():
            yield from _calls(node)


def _text_or_type(node: ast.BinOp) -> bool:
    """Whether texts are joined, or types: `str | None`."""
    sides = (node.left, node.right)
    return any(isinstance(each, (ast.Constant, ast.JoinedStr)) and not _is_number(each) for each in sides)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


def _without(node: ast.BoolOp, index: int) -> ast.AST:
    rest = [value for number, value in enumerate(node.values) if number != index]
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.func, ast.Name) and node.func.id in _EXTREMES:
        yield "min/max", ast.Call(ast.Name(_EXTREMES[node.func.id]), node.args, node.keywords)
    if len(node.args) == 2 and not any(isinstance(each, ast.Starred) for each in node.args):
        yield "swapped arguments", ast.Call(node.func, node.args[::-1], node.keywords)
    for number in range(len(node.keywords)):
        left = [keyword for other, keyword in enumerate(node.keywords) if other != number]
        yield "dropped keyword", ast.Call(node.func, node.args, left)
