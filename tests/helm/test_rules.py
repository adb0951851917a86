# SPDX-License-Identifier: Apache-2.0
"""Alerting and recording rules: right for promtool, proven to fire and to stay silent, each with a runbook and a dashboard."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import CHARTS
from testbed.programs import program

RULES = sorted((CHARTS / "observability" / "rules").glob("*.yaml"))
CASES = sorted((Path(__file__).parent / "rules").glob("*.test.yaml"))
RUNBOOKS = CHARTS.parent / "docs" / "runbooks"
ALWAYS_FIRING = {"Watchdog"}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run([str(program("promtool")), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def test_promtool_finds_nothing_wrong():
    assert len(RULES) >= 6
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_promtool_cases(path):
    assert "SUCCESS" in promtool("test", "rules", path)


def test_every_alert_is_shown_to_fire_and_to_stay_silent():
    """No alert without a case in which it fires, and one in which it must not."""
    names = {alert["alert"] for alert in alerts()}
    fires, silent = set(), set()
    # The Collector's own alerts are tested beside their rules.
    for path in [*CASES, *(CHARTS.parent / "collector" / "monitoring").glob("**/*test*.yaml")]:
        for case in (yaml.safe_load(path.read_text()) or {}).get("tests", ()):
            for expected in case.get("alert_rule_test", ()):
                (fires if expected.get("exp_alerts") else silent).add(expected["alertname"])
    assert names - fires == set()
    assert names - silent == ALWAYS_FIRING


def test_every_alert_has_what_the_person_on_call_needs():
    listed = list(alerts())
    assert len(listed) >= 20
    dashboards = {
        json.loads(path.read_text())["uid"] for path in (CHARTS / "observability" / "dashboards").glob("*.json")
    }
    for alert in listed:
        name, notes = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in {"critical", "warning", "none"}, name
        assert {"summary", "description", "dashboard", "runbook_url"} <= notes.keys(), name
        found = re.match(r"/d/([\w-]+)", notes["dashboard"])
        assert found is None or found[1] in dashboards, name
        assert (CHARTS.parent / notes["runbook_url"]).is_file(), name


def test_every_runbook_belongs_to_an_alert_and_names_it():
    pages = {
        f"docs/runbooks/{path.name}": path.read_text() for path in RUNBOOKS.glob("*.md") if path.name != "README.md"
    }
    wanted: dict[str, set[str]] = {}
    for alert in alerts():
        wanted.setdefault(alert["annotations"]["runbook_url"], set()).add(alert["alert"])
    assert pages.keys() == wanted.keys()
    for page, names in wanted.items():
        assert [name for name in sorted(names) if name not in pages[page]] == [], page
