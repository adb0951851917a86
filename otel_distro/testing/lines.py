# SPDX-License-Identifier: Apache-2.0
"""The lines that this process writes, caught where they leave it; and lines of JSON in the output of another one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from otel_distro.ground.patch import Patches
from otel_distro.logs.stdout import Stdout

Line = dict[str, Any]


def json_lines(output: str | bytes | Iterable[str]) -> list[Line]:
    """Return the lines that are JSON objects, parsed; whatever else a program prints is passed over.

    Args:
        output: A program's output, or its lines.
    """
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output
    return [found for line in _split(text) if (found := _parsed(line)) is not None]


class Lines:
    """Lines as they were written, the oldest first."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, message: str | None = None, **fields: Any) -> list[Line]:
        """Return the lines so far that are JSON: all, or those of one message that have these fields."""
        wanted = fields if message is None else {"message": message, **fields}
        return [line for line in json_lines(self.texts()) if wanted.items() <= line.items()]

    def texts(self) -> list[str]:
        """Return the lines so far as they were written, those for people too."""
        with self._lock:
            return list(self._written)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._written.clear()

    def keep(self, line: bytes) -> None:
        """Note one line, line feed included."""
        with self._lock:
            self._written.append(line.decode("utf-8", "replace").removesuffix("\n"))


@contextmanager
def captured_lines() -> Iterator[Lines]:
    """Catch the distribution's lines during the block, wherever they go; they are written nevertheless.

    These are the events of structlog, the standard library and loguru, the access events, and the lines of structlog's
    renderers that print. A handler with a file of its own is not among them.
    """
    lines, patches = Lines(), Patches()
    put, write = Stdout.put, Stdout.print

    def keep_and_put(self: Stdout, line: bytes, *, at_once: bool = False) -> bool:
        fixed = self.is_fixed()  # else it comes to `print`
        written = put(self, line, at_once=at_once)
        if fixed and written:
            lines.keep(line)
        return written

    def keep_and_print(self: Stdout, line: bytes, stream: Any) -> None:
        lines.keep(line)
        write(self, line, stream)

    patches.set(Stdout, "put", keep_and_put)
    patches.set(Stdout, "print", keep_and_print)
    try:
        yield lines
    finally:
        patches.undo()


def _split(output: str | Iterable[str]) -> Iterable[str]:
    return output.splitlines() if isinstance(output, str) else output


def _parsed(line: str) -> Line | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
