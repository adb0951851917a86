# SPDX-License-Identifier: Apache-2.0
"""What docs/kubernetes.md, docs/dashboards.md, docs/alerts.md and the Helmfile name exists."""

import re
from pathlib import Path

import pytest
import yaml
from charts import CHARTS

REPOSITORY = CHARTS.parent
PAGES = [REPOSITORY / "docs" / name for name in ("kubernetes.md", "dashboards.md", "alerts.md", "runbooks/README.md")]
PAGES += [CHARTS / name / "README.md" for name in ("otel-collector", "observability", "fastapi-service")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_files_of_the_table_of_requirements_exist():
    table = (REPOSITORY / "docs" / "kubernetes.md").read_text().partition("## Requirements")[2]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if re.match(r"\| [GHI]:", line)]
    assert len(rows) >= 20
    for _, _, tests in rows:
        for name in re.findall(r"\btest_\w+", tests):
            assert (Path(__file__).parent / f"{name}.py").exists(), name
        for name in re.findall(r"[\w/]+\.test\.yaml", tests):
            assert (Path(__file__).parent / name).exists(), name


def test_every_alert_is_in_the_table():
    page = (REPOSITORY / "docs" / "alerts.md").read_text().replace(", -", " ErrorBudgetBurn")
    names = [
        rule["alert"]
        for path in (CHARTS / "observability" / "rules").glob("*.yaml")
        if not path.is_symlink()
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert len(names) >= 20
    assert [name for name in names if name not in page] == []


def test_helmfile_installs_charts_and_values_that_exist():
    folder = CHARTS / "observability"
    environments, state = yaml.safe_load_all((folder / "helmfile.yaml").read_text())
    assert [release["name"] for release in state["releases"]] == ["observability", "inference", "chat-api"]
    for release in state["releases"]:
        assert (folder / release["chart"] / "Chart.yaml").exists()
        for values in release["values"]:
            for environment in environments["environments"]:
                assert (folder / values.replace("{{ .Environment.Name }}", environment)).exists(), values
    repositories = {repository["url"] for repository in state["repositories"]}
    charts = yaml.safe_load((folder / "Chart.yaml").read_text())["dependencies"]
    assert {chart["repository"] for chart in charts if chart["repository"].startswith("http")} == repositories
