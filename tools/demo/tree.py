# SPDX-License-Identifier: Apache-2.0
"""A trace as a tree: who called whom, when, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from testbed.otlp_receiver import Span

from demo.logs import service_colour
from demo.terminal import Terminal

_BAR_WIDTH = 36
_BESIDE_BAR = 38  # indent, service, kind, duration and the gaps between the columns


def show_tree(terminal: Terminal, spans: list[Span]) -> None:
    """Draw the spans of one trace, children under their parents by start time, each with its place on the time line."""
    root = next((span for span in spans if span.parent_span_id is None), None)
    if root is None:
        terminal.line(f"  {len(spans)} spans arrived, and no root")
        return
    longest = max(len(branch + span.name) for branch, span in _walk(root, spans, "", ""))
    width = terminal.room(_BESIDE_BAR + longest, _BAR_WIDTH)
    end = max(span.end_ns for span in spans)  # where messages go on, the root is over before its children
    rows = []
    for branch, span in _walk(root, spans, "", ""):
        colour = "red" if span.status == "ERROR" else service_colour(span.service)
        name = terminal.paint(branch, "dim") + terminal.paint(span.name, "bold")
        bar = terminal.paint(_bar(span, root.start_ns, end, width), colour)
        rows.append((name, terminal.paint(span.service, colour), span.kind.lower(), bar, f"{span.duration_ms:.1f} ms"))
    terminal.table(("span", "service", "kind", "", "duration"), rows, left=4)


def _walk(span: Span, spans: list[Span], branch: str, indent: str) -> Iterator[tuple[str, Span]]:
    yield branch, span
    children = sorted((child for child in spans if child.parent_span_id == span.span_id), key=lambda s: s.start_ns)
    for child in children:
        last = child is children[-1]
        yield from _walk(child, spans, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  "))


def _bar(span: Span, begin: int, end: int, width: int) -> str:
    """Return the span's part of the whole time (nanoseconds since the epoch), at least one cell."""
    scale = width / max(end - begin, 1)
    start = min(max(round((span.start_ns - begin) * scale), 0), width - 1)
    length = max(round((span.end_ns - span.start_ns) * scale), 1)
    return " " * start + "━" * min(length, width - start)
