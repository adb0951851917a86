# SPDX-License-Identifier: Apache-2.0
"""Write the README of each chart from its values.yaml: a comment above a key is its meaning."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from charts.helm import CHARTS

NAMES: Final = ("fastapi-service", "observability", "otel-collector")
_KEY: Final = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][\w.-]*):(?:\s|$)")


@dataclass(frozen=True)
class Value:
    """A key of values.yaml, its default and the comment above it."""

    path: tuple[str, ...]
    default: str
    meaning: str


def readme(chart: Path) -> str:
    """Return the text of the chart's README."""
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    others = {dependency["name"] for dependency in about.get("dependencies", ())}
    own = [value for value in values(chart) if value.path[0] not in others or value.path[1:] == ("enabled",)]
    rows = [f"| `{'.'.join(value.path)}` | {value.default} | {value.meaning} |" for value in own]
    return "\n".join(
        [
            f"# {about['name']}",
            "",
            about["description"],
            "",
            "How to install it, and how the charts work together: [docs/kubernetes.md](../../docs/kubernetes.md).",
            "This file is generated from values.yaml by `make chart-readmes`.",
            "",
            "| Key | Default | Meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def values(chart: Path) -> Iterator[Value]:
    """Yield the keys of the chart's own values that have a comment or a scalar default, in the file's order."""
    text = (chart / "values.yaml").read_text()
    defaults = yaml.safe_load(text)
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
        elif found := _KEY.match(line):
            path[len(found["indent"]) // 2 :] = [found["key"]]
            default = _look_up(defaults, path)
            # A mapping's own keys follow; what has neither a meaning nor a plain value says nothing.
            if comment or not isinstance(default, dict):
                yield Value(tuple(path), _as_code(default), " ".join(comment))
            comment = []
        elif not stripped:
            comment = []


def _look_up(defaults: object, path: list[str]) -> object:
    for key in path:
        if not isinstance(defaults, dict) or key not in defaults:
            return {}
        defaults = defaults[key]
    return defaults


def _as_code(default: object) -> str:
    return "" if isinstance(default, dict) and default else f"`{json.dumps(default)}`"


if __name__ == "__main__":
    for name in NAMES:
        (CHARTS / name / "README.md").write_text(readme(CHARTS / name))
