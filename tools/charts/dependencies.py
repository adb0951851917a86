# SPDX-License-Identifier: Apache-2.0
"""The keys that values*.yaml set for dependency charts, the table that explains them, and the charts that have them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from charts.helm import CHARTS

Key = tuple[str, ...]
"""Chart, then the path of a key in its values."""

_UMBRELLA: Final = CHARTS / "observability"
_DEPENDENCIES: Final = ("kube-prometheus-stack", "loki", "tempo")


def explained() -> set[Key]:
    """Return the keys of dependency-values.md."""
    keys: set[Key] = set()
    chart = ""
    for line in (_UMBRELLA / "dependency-values.md").read_text().splitlines():
        if line.startswith("## "):
            chart = line.removeprefix("## ")
        elif found := re.match(r"\| `(.+?)` \|", line):
            # grafana.ini is one key with a dot in its name.
            keys.add((chart, *found[1].replace("grafana.ini", "grafana ini").split(".")))
    return {tuple(part.replace("grafana ini", "grafana.ini") for part in key) for key in keys}


def values_set() -> Iterator[Key]:
    """Yield every key, down to its last part, that values*.yaml set for a dependency from a chart repository."""
    for path in _UMBRELLA.glob("values*.yaml"):
        for chart, values in yaml.safe_load(path.read_text()).items():
            if chart in _DEPENDENCIES:
                # `enabled` is the umbrella's own condition.
                yield from _leaves({key: value for key, value in values.items() if key != "enabled"}, (chart,))


def absent(charts: Path) -> Iterator[str]:
    """Yield the explained keys that the unpacked charts in a folder do not have."""
    for chart, *path in sorted(explained()):
        own, subchart = charts / chart / "values.yaml", charts / chart / "charts" / path[0] / "values.yaml"
        if not _has(own, path) and not (subchart.exists() and _has(subchart, path[1:])):
            yield f"{chart} has no value {'.'.join(path)}"


def _leaves(values: Mapping[str, Any], at: Key) -> Iterator[Key]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*at, key))
        else:
            yield (*at, key)


def _has(file: Path, path: list[str]) -> bool:
    """Say whether a chart knows the key; below a mapping that is empty by default every key is the user's."""
    text = file.read_text()
    values = yaml.safe_load(text)
    for key in path:
        if values == {}:
            return True
        if not isinstance(values, dict) or key not in values:
            # A value without a default stands there as a comment.
            return re.search(rf"^ *# ?{re.escape(key)}:", text, re.MULTILINE) is not None
        values = values[key]
    return True
