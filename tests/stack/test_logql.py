# SPDX-License-Identifier: Apache-2.0
"""Every LogQL that this repository shows or asks is LogQL, by the grammar of Grafana's own editor, and can be evaluated."""

import json
import re
import time
from pathlib import Path

import pytest
from support.expressions import dashboard_queries
from testbed.loki_door.configuration import Limits
from testbed.loki_door.grammar import NotLogQL, parsed
from testbed.loki_door.metric import vector
from testbed.loki_door.pipeline import lines
from testbed.loki_door.records import Entry
from testbed.loki_door.streams import Tenant
from testbed.server import REPOSITORY

# What Grafana fills in; a page's NAME is a name like any other.
FILLED = {
    "$namespace": ".*",
    "$service": ".+",
    "$search": "boom",
    "$trace": "0af7651916cd43dd8448eb211c80319c",
    "$__auto": "5m",
}


def shown() -> dict[str, str]:
    """Return every query of a page, where it stands, and of every dashboard."""
    pages = [*REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("helm/*/README.md"), REPOSITORY / "README.md"]
    found = {
        f"{path.name} {number}": query
        for path in sorted(pages)
        for number, query in enumerate(re.findall(r"```logql\n(.+?)\n```", path.read_text(), re.DOTALL))
    }
    return found | {f"{where} {number}": query for number, (where, query) in enumerate(dashboard_queries("loki"))}


def in_tables(path: Path) -> list[str]:
    """Return the queries that stand between back quotes in the cells of tables, whose own back quotes are doubled."""
    cells = [cell for line in path.read_text().splitlines() for cell in re.split(r"(?<!\\)\|", line)]
    quoted = [cell.strip().strip("`").replace("\\|", "|") for cell in cells if cell.strip().startswith("`")]
    return [query for query in quoted if re.search(r"\{\w+ ?[=!]", query)]


def filled(query: str) -> str:
    """Put values in the place of Grafana's variables."""
    for variable, value in FILLED.items():
        query = query.replace(variable, value)
    return query


def evaluated(query: str) -> None:
    """Evaluate over nothing: what the evaluator does not know raises."""
    tree, streams = parsed(filled(query)), Tenant(Limits()).streams()
    if tree.first("LogExpr"):
        assert list(lines(tree.one("LogExpr"), streams, 0, 1)) == []
    else:
        assert vector(tree, streams, 1) == {}


@pytest.mark.parametrize("where", shown())
def test_every_query_of_the_pages_and_dashboards_can_be_asked(where: str) -> None:
    """Parsed without an error, and of the subset that the tests evaluate."""
    evaluated(shown()[where])


def test_there_are_queries_to_check() -> None:
    """The collection above is not an empty one."""
    found = shown()
    assert len([where for where in found if ".md" in where]) >= 20
    assert len([where for where in found if ".md" not in where]) >= 10


def test_every_query_of_the_migration_table_is_logql() -> None:
    """The old ones as well as ours: `| json` is known to the grammar, though not asked for here."""
    queries = in_tables(REPOSITORY / "docs" / "migrate-from-promtail.md")
    assert len(queries) >= 12
    for query in queries:
        assert parsed(query).children, query


@pytest.mark.parametrize(
    "broken", ['{a="b"', "{a=b}", '{a="b"} | = "c"', 'sum by (x (rate({a="b"}[1m]))', 'rate({a="b"})', ""]
)
def test_what_is_no_logql_is_refused(broken: str) -> None:
    """The check above can fail."""
    with pytest.raises(NotLogQL):
        parsed(broken)


@pytest.mark.parametrize(
    "query",
    [
        '{a="b"} | json x="y" | c="d"',
        '{a="b"} | line_format "{{ .x | ToUpper }}"',
        'topk(3, rate({a="b"}[1m]))',
        'stddev_over_time({a="b"} | unwrap c [1m])',
        'sum without (a) (rate({a="b"}[1m]))',
        '{a=~".*"}',
    ],
)
def test_what_the_evaluator_does_not_know_is_refused_by_name_rather_than_half_understood(query: str) -> None:
    """A wrong answer would make a test pass that should not."""
    assert parsed(query).children
    with pytest.raises(NotLogQL):
        evaluated(query)


def test_a_line_without_a_namespace_is_in_the_log_panels() -> None:
    """Files, Compose and OTLP from outside Kubernetes have no `k8s_namespace_name`: "All" must not ask for one."""
    board = json.loads((REPOSITORY / "helm" / "observability" / "dashboards" / "logs.json").read_text())
    every = {variable["name"]: variable.get("allValue") for variable in board["templating"]["list"]}
    assert (every["namespace"], every["service"]) == (".*", ".+")
    tenant = Tenant(Limits())
    tenant.push([({"service_name": "app"}, Entry(time.time_ns(), "boom", {"level": "error"}))])
    panels = [query for where, query in dashboard_queries("loki") if query.startswith("{k8s_namespace_name")]
    assert len(panels) >= 3
    for query in panels:
        found = list(lines(parsed(filled(query)).one("LogExpr"), tenant.streams(), 0, time.time_ns()))
        assert [line.line for line in found] == ["boom"], query
