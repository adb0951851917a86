# SPDX-License-Identifier: Apache-2.0
"""The dashboards are what tools/dashboards generates, and each panel says what it shows and leads on."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from dashboards import DESTINATION, render

BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(DESTINATION.glob("*.json"))}
UIDS = {board["uid"] for board in BOARDS.values()}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, board in BOARDS.items():
        yield from ((f"{name}: {panel['title']}", panel) for panel in board["panels"] if panel["type"] != "row")


def test_committed_files_are_the_generated_ones():
    committed = {path.name: path.read_text() for path in DESTINATION.glob("*.json")}
    assert committed == render(), "run `make dashboards`"
    assert {f"otel-{name}" for name in ("application", "collector", "inference", "logs", "node", "pipeline")} == UIDS


def test_panels_have_descriptions_units_and_variable_data_sources():
    listed = list(panels())
    assert len(listed) >= 40
    for where, panel in listed:
        assert panel["description"].endswith("."), where
        assert panel["datasource"]["uid"] in {"${prometheus}", "${loki}"}, where
        assert panel["type"] == "logs" or panel["fieldConfig"]["defaults"]["unit"], where


def test_rates_follow_the_scrape_interval_and_histograms_carry_exemplars():
    targets = [(where, panel, target) for where, panel in panels() for target in panel["targets"]]
    drawn = [target for _, panel, target in targets if panel["type"] == "timeseries"]  # a number has no dots
    histograms = [target for target in drawn if "histogram_quantile" in target["expr"]]
    assert len(histograms) >= 8
    assert [target["expr"] for target in histograms if not target["exemplar"]] == []
    for where, _, target in targets:
        for function, window in re.findall(r"\b(rate|irate)\(.*?\[([^\]]+)\]", target["expr"]):
            assert window in {"$__rate_interval", "$__auto"}, (where, function)


@pytest.mark.parametrize("name", BOARDS)
def test_variables_are_defined(name):
    """No expression and no link names a variable that its dashboard does not have."""
    board = BOARDS[name]
    defined = {variable["name"] for variable in board["templating"]["list"]}
    text = json.dumps(board["panels"])
    # Grafana's own begin with two underscores.
    used = set(re.findall(r"\$\{?([a-z]\w*)", text))
    assert used - defined == set()
    assert {"prometheus", "loki"} <= defined


def test_every_metric_panel_leads_to_the_logs_of_its_range_and_service():
    for where, panel in panels():
        if panel["type"] != "timeseries":
            continue
        for links in (panel["links"], panel["fieldConfig"]["defaults"]["links"]):
            (link,) = links
            assert link["url"].startswith("/d/otel-logs/"), where
            assert "${__url_time_range}" in link["url"], where
    application = next(panel for where, panel in panels() if where == "application: Latency")
    assert "${namespace:queryparam}&${service:queryparam}" in application["links"][0]["url"]


def test_dashboards_lead_to_each_other_with_the_same_variables_and_time():
    for name, board in BOARDS.items():
        (link,) = board["links"]
        assert (link["type"], link["tags"], link["includeVars"], link["keepTime"]) == (
            "dashboards",
            ["otel-distro"],
            True,
            True,
        ), name
        assert "otel-distro" in board["tags"], name


def test_application_shows_numbers_first_and_the_worst_routes():
    kinds = [panel["type"] for where, panel in panels() if where.startswith("application")]
    assert kinds[:6] == ["stat"] * 6
    assert kinds.count("table") == 2


def test_a_moment_is_the_same_in_every_panel():
    assert {board["graphTooltip"] for board in BOARDS.values()} == {1}
