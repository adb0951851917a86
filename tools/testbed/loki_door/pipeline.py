# SPDX-License-Identifier: Apache-2.0
"""The log half of LogQL, as far as guide, dashboards, rules and tests use it: selectors, line and label filters, json, line_format.

Source: https://grafana.com/docs/loki/latest/query/log_queries/. What is not here raises, so that no query is half understood.
"""

from __future__ import annotations

import heapq
import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from testbed.loki_door.grammar import Node, NotLogQL
from testbed.loki_door.records import Entry
from testbed.loki_door.streams import Stream


@dataclass(slots=True)
class Line:
    """An entry on its way through the stages of a query.

    Attributes:
        time: nanoseconds.
        line: its text, which line_format replaces.
        labels: of the stream.
        metadata: structured metadata, and `__error__` where a filter could not compare.
    """

    time: int
    line: str
    labels: Mapping[str, str]
    metadata: Mapping[str, str]

    def value(self, name: str) -> str:
        """Return a label or metadata; what is missing is empty."""
        return self.labels.get(name) or self.metadata.get(name, "")

    def everything(self) -> dict[str, str]:
        """Return labels and metadata together, which is what metric queries group by."""
        return {**self.metadata, **self.labels}


Stage = Callable[[Line], "Line | None"]
Matcher = Callable[[str], bool]
_COMPARISONS: Final = {
    "Eql": operator.eq, "Eq": operator.eq, "Neq": operator.ne,
    "Gtr": operator.gt, "Gte": operator.ge, "Lss": operator.lt, "Lte": operator.le,
}  # fmt: skip


def string(node: Node) -> str:
    """Return what a quoted string holds; back quotes hold it as it is."""
    text = node.text
    return text[1:-1] if text.startswith("`") else str(json.loads(text))


def selected(selector: Node, streams: Iterable[Stream]) -> list[Stream]:
    """Return the streams whose labels match."""
    wanted = [_matcher(node) for node in _matchers(selector)]
    if all(match("") for _, match in wanted):
        raise NotLogQL(f"{selector.text}: queries require at least one matcher that does not match an empty value")
    return [stream for stream in streams if all(match(stream.labels.get(name, "")) for name, match in wanted)]


def lines(log: Node, streams: Iterable[Stream], start: int, end: int, *, backward: bool = False) -> Iterator[Line]:
    """Yield what a log expression finds in [start, end), in order of time, and no more of it than is asked for."""
    stages = list(_stages(log))
    found = (_of_stream(stages, stream, start, end, backward) for stream in selected(log.one("Selector"), streams))
    return heapq.merge(*found, key=attrgetter("time"), reverse=backward)


def _of_stream(stages: Sequence[Stage], stream: Stream, start: int, end: int, backward: bool) -> Iterator[Line]:
    entries = stream.between(start, end)
    for entry in reversed(entries) if backward else entries:
        if (line := _through(stages, stream.labels, entry)) is not None:
            yield line


def _through(stages: Iterable[Stage], labels: Mapping[str, str], entry: Entry) -> Line | None:
    line: Line | None = Line(entry.time, entry.line, labels, entry.metadata)
    for stage in stages:
        if line is None:
            return None
        line = stage(line)
    return line


def _matchers(node: Node) -> Iterator[Node]:
    for child in node.all("Matchers", "Matcher"):
        if child.name == "Matcher":
            yield child
        else:
            yield from _matchers(child)


def _matcher(node: Node) -> tuple[str, Matcher]:
    name, kind, value = node.one("Identifier").text, node.one("Eq", "Neq", "Re", "Nre").name, string(node.one("String"))
    pattern = re.compile(value if kind in {"Re", "Nre"} else re.escape(value))
    negative = kind in {"Neq", "Nre"}
    return name, lambda text: (pattern.fullmatch(text) is None) is negative


def _stages(node: Node) -> Iterator[Stage]:
    """Yield the stages of a pipeline in order; the grammar nests them to the left."""
    for child in node.children:
        if child.name == "PipelineExpr":
            yield from _stages(child)
        elif child.name == "PipelineStage":
            yield _stage(child.one("LabelFilter", "LineFilters", "LineFormatExpr", "LabelParser"))


def _stage(node: Node) -> Stage:
    if node.name == "LabelFilter":
        return _label_filter(node)
    if node.name == "LabelParser":
        return _parsed(node)
    return _line_filters(node) if node.name == "LineFilters" else _line_format(node)


def _label_filter(node: Node) -> Stage:
    branches = list(node.all("LabelFilter"))
    if len(branches) == 2:
        left, right = map(_label_filter, branches)
        return _both(left, right) if node.first("And") else _either(left, right)
    inner = node.one("Matcher", "NumberFilter", "LabelFilter")
    if inner.name == "LabelFilter":
        return _label_filter(inner)
    return _text_filter(inner) if inner.name == "Matcher" else _number_filter(inner)


def _both(left: Stage, right: Stage) -> Stage:
    return lambda line: None if (kept := left(line)) is None else right(kept)


def _either(left: Stage, right: Stage) -> Stage:
    return lambda line: left(line) or right(line)


def _text_filter(node: Node) -> Stage:
    name, match = _matcher(node)
    return lambda line: line if match(line.value(name)) else None


def _number_filter(node: Node) -> Stage:
    """A value that is missing does not pass; one that is no number passes with `__error__`, as it does in Loki."""
    name, compare = node.one("Identifier").text, _COMPARISONS[node.one(*_COMPARISONS).name]
    limit = float(node.one("LiteralExpr").text)

    def keep(line: Line) -> Line | None:
        if not (value := line.value(name)):
            return None
        try:
            return line if compare(float(value), limit) else None
        except ValueError:
            return Line(line.time, line.line, line.labels, {**line.metadata, "__error__": "LabelFilterErr"})

    return keep


def _parsed(node: Node) -> Stage:
    """`| json`: the properties of an object become labels; a line that is none goes on, with `__error__`.

    Source: https://grafana.com/docs/loki/latest/query/log_queries/#json: nested names are joined by `_`, arrays are skipped, and a
    property that is called like a label gets `_extracted`.
    """
    if node.text.strip() != "json":
        raise NotLogQL(f"{node.text!r}: only `json` is known here")

    def parse(line: Line) -> Line:
        try:
            found = json.loads(line.line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            return Line(line.time, line.line, line.labels, {**line.metadata, "__error__": "JSONParserErr"})
        properties = {f"{name}_extracted" if name in line.labels else name: text for name, text in _properties(found)}
        return Line(line.time, line.line, line.labels, {**line.metadata, **properties})

    return parse


def _properties(found: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in found.items():
        name = before + re.sub(r"\W", "_", key)
        if isinstance(value, dict):
            yield from _properties(value, f"{name}_")
        elif not isinstance(value, list):
            yield name, value if isinstance(value, str) else json.dumps(value)


def _line_filters(node: Node) -> Stage:
    tests = [_line_test(child) for child in node.all("LineFilter")]
    nested = [_line_filters(child) for child in node.all("LineFilters")]

    def keep(line: Line) -> Line | None:
        kept = all(test(line.line) for test in tests) and all(stage(line) is not None for stage in nested)
        return line if kept else None

    return keep


def _line_test(node: Node) -> Matcher:
    kind, value = node.one("Filter").one("PipeExact", "PipeMatch", "Neq", "Nre").name, string(node.one("String"))
    pattern = re.compile(value if kind in {"PipeMatch", "Nre"} else re.escape(value))
    negative = kind in {"Neq", "Nre"}
    return lambda text: (pattern.search(text) is None) is negative


def _line_format(node: Node) -> Stage:
    """A template of `{{.name}}` and `{{__line__}}`; functions are not used here, and not known."""
    template = string(node.one("String"))
    if any(not re.fullmatch(r"\.\w+|__line__", inner) for inner in re.findall(r"\{\{(.*?)\}\}", template)):
        raise NotLogQL(f"line_format {template!r}: only {{{{.label}}}} and {{{{__line__}}}} are known here")

    def change(line: Line) -> Line:
        def value(found: re.Match[str]) -> str:
            return line.line if found[1] == "__line__" else line.value(found[1][1:])

        return Line(line.time, re.sub(r"\{\{(.*?)\}\}", value, template), line.labels, line.metadata)

    return change
