# SPDX-License-Identifier: Apache-2.0
"""Every expression of the dashboards and rules, and what PromQL's own parser says is in it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from charts import CHARTS

CHART = CHARTS / "observability"


@dataclass(frozen=True)
class Selector:
    """One series selector, or one grouping, of an expression.

    Attributes:
        names: metric names; several where the name is matched by a pattern.
        labels: labels that are matched or grouped by, without those of the target.
    """

    matcher: str
    pattern: bool
    labels: frozenset[str]


def dashboard_queries(kind: str) -> Iterator[tuple[str, str]]:
    """Yield panel (dashboard: title) and expression, of panels and variables, for a data source: prometheus or loki."""
    for path in sorted((CHART / "dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        for panel in _panels(board["panels"]):
            if panel.get("datasource", {}).get("type") == kind:
                for target in panel["targets"]:
                    yield f"{path.stem}: {panel['title']}", target["expr"]


def variable_metrics() -> Iterator[str]:
    """Yield the metric of each `label_values(metric, label)` of the dashboards' variables."""
    for path in sorted((CHART / "dashboards").glob("*.json")):
        for variable in json.loads(path.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                yield variable["query"].removeprefix("label_values(").split(",")[0].split("{")[0]


def rule_queries() -> Iterator[tuple[str, str]]:
    """Yield the name of each rule and its expression."""
    for path in sorted((CHART / "rules").glob("*.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in group["rules"])


@cache
def documented() -> Mapping[str, frozenset[str]]:
    """Return the metrics of metrics/*.txt with their labels."""
    listed: dict[str, frozenset[str]] = {}
    for path in sorted((CHART / "metrics").glob("*.txt")):
        for line in path.read_text().splitlines():
            name, *labels = line.split()
            assert name not in listed, f"{path}: {name} is listed twice"
            listed[name] = frozenset(labels)
    return listed


def selectors(node: Any, grouping: frozenset[str] = frozenset()) -> Iterator[Selector]:
    """Walk a parsed expression (`/api/v1/parse_query`) and yield its selectors, with the labels asked of each."""
    if isinstance(node, list):
        for item in node:
            yield from selectors(item, grouping)
    elif isinstance(node, dict):
        if node.get("type") in {"vectorSelector", "matrixSelector"}:
            yield _selector(node, grouping)
            return
        if node.get("type") == "aggregation":
            grouping |= set(node["grouping"])
        for value in node.values():
            yield from selectors(value, grouping)


def _selector(node: Mapping[str, Any], grouping: frozenset[str]) -> Selector:
    (name,) = [matcher for matcher in node["matchers"] if matcher["name"] == "__name__"]
    labels = {matcher["name"] for matcher in node["matchers"]} - {"__name__"}
    return Selector(name["value"], name["type"] == "=~", frozenset(labels | grouping))


def _panels(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield from _panels(panel["panels"]) if panel.get("panels") else [panel]


def read_rules(destination: Path) -> list[str]:
    """Copy the rule files with a shorter interval, and return their paths."""
    paths = []
    for path in sorted((CHART / "rules").glob("*.yaml")):
        copy = destination / path.name
        copy.write_text(path.read_text().replace("interval: 30s", "interval: 1s"))
        paths.append(str(copy))
    return paths
