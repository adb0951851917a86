# SPDX-License-Identifier: Apache-2.0
"""The table of `docs/world.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from world.application import Application
from world.running import Outcome


@dataclass(frozen=True)
class Row:
    """One application, and in what it differs."""

    application: Application
    outcome: Outcome | None
    differences: list[str]

    def __str__(self) -> str:
        told = "".join(f"\n    {text}" for text in self.differences)
        return f"{'DIFFERS' if self.differences else 'same   '} {self.application.name} {self._seen}{told}"

    @property
    def _seen(self) -> str:
        if self.outcome is None:
            return "did not run"
        if not self.application.calls:
            return f"exit status {self.outcome.exit_code}"
        if self.application.counted == "none":
            return f"{self.outcome.requests} requests, no FastAPI in it"
        return f"{self.outcome.requests} requests, {len(self.outcome.server_spans)} spans"

    @property
    def markdown(self) -> str:
        """The row of the table."""
        application = self.application
        command = " ".join(application.command).replace("|", "\\|")
        explained = "; ".join(sorted(set(application.explained.values())))
        differs = "; ".join(self.differences).replace("|", "\\|").replace("\n", " ") or "nothing"
        return (
            f"| {application.name} | {application.packages[0]} | `{command}` | {self._seen} | {differs} | {explained} |"
        )


_TABLE = re.compile(r"(<!-- table -->\n).*?(<!-- end of table -->)", re.DOTALL)
_ROW = re.compile(r"^\| ([\w-]+) \| .*$", re.MULTILINE)
_HEAD = "| application | version | command | seen | differs | explained |\n|---|---|---|---|---|---|\n"


def write(page: Path, rows: list[Row]) -> None:
    """Put rows into the table between the page's two marks; those of applications that were not run stay."""
    text = page.read_text()
    before = {match[1]: match[0] for match in _ROW.finditer(text) if match[1] != "application"}
    lines = before | {row.application.name: row.markdown for row in rows}
    table = _HEAD + "".join(f"{line}\n" for line in lines.values())
    page.write_text(_TABLE.sub(lambda match: f"{match[1]}{table}{match[2]}", text))
