# SPDX-License-Identifier: Apache-2.0
"""What is known of an application before it runs: how to install, start and use it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Counted = Literal["all", "at least", "none"]
"""Which of the requests we must have seen: all, all and those that it sends itself, or none (no FastAPI in it)."""

SOURCES: Final = Path(__file__).with_name("applications")

# What differs between two bare runs as well: times, identifiers, addresses in memory, ports, durations.
_VOLATILE: Final = (
    r"\x1b\[[0-9;?]*[a-zA-Z]",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"\b[0-9a-fA-F]{16,64}\b",
    r"0x[0-9a-f]+",
    r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?",
    r"\d\d:\d\d:\d\d(?:[.,]\d+)?",
    r"127\.0\.0\.1:\d+",
    r"\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)? ?(?:s|ms|µs|us|seconds|MB|MiB)\b",
    r"\b\d+\.\d{3,}\b",
    r"\b1[67]\d{8}(?:\d{3}|\d{6}|\d{9})?\b",
    r"(?i)\bpid:? ?\d+|process (?:id )?\[?\d+\]?|[\[(]\d{2,7}[\])]",
)


@dataclass(frozen=True)
class Call:
    """One HTTP request; `{port}` needs no place in it, the runner knows where to send it."""

    path: str
    method: str = "GET"
    json: object = None
    content: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Application:
    """A program of the world.

    Attributes:
        name: Also the folder of `applications/` whose files are copied to where it runs, if there is one.
        files: Whose folder it is, if it shares another application's.
        packages: Requirements, pinned where they are named.
        command: Program and arguments; `{port}` is where it must listen.
        calls: Sent in order once it listens; none for a program that ends by itself.
        ready: A path that answers below 500 once it is ready.
        done: A file that a program without calls writes when there is no more to do; it is then ended by SIGTERM.
        stdin: What a program without calls reads.
        prepare: Commands that are run bare before, in the same folder.
        environment: More variables.
        counted: Which requests spans and metrics must show.
        seconds: How long it may take until it listens, or until it ends.
        volatile: More patterns of what differs between two bare runs.
        explained: Pattern of a difference → why it is right.
        ignored_files: Patterns of files that differ between two bare runs.
        needs: A program that must be on the machine.
    """

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    calls: tuple[Call, ...] = ()
    ready: str = "/"
    files: str = ""
    done: str = ""
    stdin: str | None = None
    prepare: tuple[tuple[str, ...], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    counted: Counted = "all"
    seconds: float = 90.0
    volatile: tuple[str, ...] = ()
    explained: dict[str, str] = field(default_factory=dict)
    ignored_files: tuple[str, ...] = ()
    needs: str = ""

    @property
    def source(self) -> Path:
        """The folder of files that it needs; it may not exist."""
        return SOURCES / (self.files or self.name)

    def steady(self, text: str) -> str:
        """Replace what two bare runs do not have in common."""
        for pattern in (*self.volatile, *_VOLATILE):
            text = re.sub(pattern, "~", text)
        return text
