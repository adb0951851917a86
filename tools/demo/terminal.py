# SPDX-License-Identifier: Apache-2.0
"""Text that suits where it goes: colours and a width on a terminal, plain whole lines in a pipe."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_RULE_WIDTH = 100


class Terminal:
    """Writes the demo's report.

    Args:
        stream: Where to; colours, width and progress are used only if it is a terminal.
        environ: Read for NO_COLOR (https://no-color.org) and TERM.
    """

    def __init__(self, stream: TextIO = sys.stdout, environ: dict[str, str] | None = None) -> None:
        environ = dict(os.environ) if environ is None else environ
        self._stream = stream
        self._live = stream.isatty()
        self._colours = self._live and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self.width = min(shutil.get_terminal_size().columns, 120) if self._live else None

    def paint(self, text: object, *styles: str) -> str:
        """Return the text in these colours, unchanged where there are none."""
        if not self._colours or not styles:
            return str(text)
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def room(self, used: int, most: int) -> int:
        """Return how many columns are left beside the used ones: at least 8, at most `most`."""
        return most if self.width is None else max(min(self.width - used, most), 8)

    def line(self, text: str = "") -> None:
        """Write one line, cut to the terminal's width."""
        print(self._fit(text), file=self._stream, flush=True)

    def block(self, text: str, indent: str = "  ") -> None:
        """Write a long text over as many lines as the terminal needs; in a pipe it stays one."""
        room = (self.width or sys.maxsize) - len(indent)
        for piece in _pieces(text, room):
            print(indent + piece, file=self._stream, flush=True)

    def heading(self, title: str, note: str = "") -> None:
        """Write the title of a part, a note about its source, and a rule to the right edge."""
        used = len(title) + (len(note) + 4 if note else 0) + 4
        rule = "─" * max((self.width or _RULE_WIDTH) - used - 1, 3)
        text = f"{self.paint('──', 'dim')} {self.paint(title, 'bold')}"
        text += f"  {self.paint(f'· {note}', 'dim')}" if note else ""
        self.line()
        self.line(f"{text} {self.paint(rule, 'dim')}")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
        """Write columns: the first `left` ones flush left, numbers flush right; cells may be painted, the header empty."""
        lines = [[self.paint(cell, "dim") for cell in header], *map(list, rows)] if header else list(map(list, rows))
        widths = [max(map(_length, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = (
                _pad(cell, width, right=i >= left) for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            self.line("  " + "  ".join(cells).rstrip())

    def check(self, passed: bool, text: str) -> None:
        """Write one outcome."""
        self.line(f"  {self.paint('✓', 'green') if passed else self.paint('✗', 'red', 'bold')} {text}")

    @contextmanager
    def step(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show that something is going on, then how long it took; yields a function that says how far it is."""
        started = time.monotonic()
        self._progress(text)
        try:
            yield lambda progress: self._progress(f"{text} {self.paint(progress, 'dim')}")
        finally:
            self._progress("")
        self.check(True, f"{text} {self.paint(f'{time.monotonic() - started:.1f} s', 'dim')}")

    def _progress(self, text: str) -> None:
        if self._live:
            self._stream.write("\r\x1b[2K" + (f"  {self.paint('·', 'cyan')} {text}" if text else ""))
            self._stream.flush()

    def _fit(self, text: str) -> str:
        if self.width is None or _length(text) <= self.width:
            return text
        return _cut(text, self.width - 1) + ("\x1b[0m" if self._colours else "") + "…"


def _length(text: str) -> int:
    return len(_ESCAPE.sub("", text))


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _length(text))
    return space + text if right else text + space


def _pieces(text: str, room: int) -> Iterator[str]:
    while _length(text) > room:
        piece = _cut(text, room)
        comma = piece.rfind(",") + 1  # the long texts here are JSON
        piece = piece[:comma] if comma > len(piece) / 2 else piece
        yield piece
        text = text[len(piece) :]
    yield text


def _cut(text: str, length: int) -> str:
    """Return the prefix that shows this many characters."""
    end = position = 0
    for part in re.split(f"({_ESCAPE.pattern})", text):
        if not _ESCAPE.fullmatch(part):
            if position + len(part) >= length:
                return text[: end + length - position]
            position += len(part)
        end += len(part)
    return text
