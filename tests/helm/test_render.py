# SPDX-License-Identifier: Apache-2.0
"""Every case of helm/*/ci lints, renders what its golden says, and is valid Kubernetes."""

import json
import re
from pathlib import Path

import pytest
import yaml
from charts import CHARTS, helm, objects, template
from charts.goldens import GOLDENS, cases, golden
from charts.readme import NAMES, readme
from charts.schemas import kubeconform

CASES = sorted(
    f"{chart}/{path.stem}"
    for chart in ("fastapi-service", "observability", "otel-collector")
    for path in (CHARTS / chart / "ci").glob("*.yaml")
)


def case(name: str, umbrella: Path) -> tuple[Path, Path]:
    return next((chart, values) for found, chart, values in cases(umbrella) if found == name)


def test_every_case_has_a_golden_and_every_golden_a_case():
    assert [str(path.relative_to(GOLDENS).with_suffix("")) for path in sorted(GOLDENS.rglob("*.yaml"))] == CASES
    assert len(CASES) == 14


@pytest.mark.parametrize("name", CASES)
def test_case(name, umbrella, schemas):
    chart, values = case(name, umbrella)
    linted = helm("lint", "--strict", chart, f"--values={values}")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert golden(chart, values) == (GOLDENS / f"{name}.yaml").read_text(), (
        "run `make chart-goldens` and look at the difference"
    )
    checked = kubeconform(template(chart, values=[values]), schemas)
    summary = json.loads(checked.stdout)["summary"]
    assert (checked.returncode, summary["invalid"], summary["errors"], summary["skipped"]) == (0, 0, 0, 0), (
        checked.stdout
    )
    assert summary["valid"] >= 4


def test_kubeconform_refuses_what_the_schemas_do_not_know(schemas):
    """A check of the check: an unknown field in a built-in kind and in one of the operator's fails."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"prots": []}}
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "x"}}
    monitor["spec"] = {"selector": {}, "podMetricsEndpoints": [{"intervall": "15s"}]}
    report = json.loads(kubeconform(yaml.safe_dump_all([service, monitor]), schemas).stdout)
    assert report["summary"]["invalid"] == 2


def test_production_values_render_with_oauth_ids_only(umbrella, schemas):
    """values-production.yaml leaves nothing but the OAuth client ids (and names like example.com) to the reader."""
    ids = (
        rf"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.{name}.client_id=id" for name in ("github", "google")
    )
    manifests = template(umbrella, *ids, values=[umbrella / "values-production.yaml"])
    assert kubeconform(manifests, schemas).returncode == 0
    environment = next(item for item in objects(manifests) if item["metadata"]["name"] == "otel-environment")
    assert environment["data"]["ENVIRONMENT"] == "production"


def test_configmaps_hold_the_very_bytes_of_the_collectors_files():
    chart = CHARTS / "otel-collector"
    rendered = objects(template(chart, values=[chart / "ci" / "minimal.yaml"]))
    files = {item["metadata"]["name"]: item["data"] for item in rendered if item["kind"] == "ConfigMap"}
    collector = CHARTS.parent / "collector"
    for role, parts in (("agent", ("base", "files")), ("gateway", ("base", "loki"))):
        wanted = {f"{part}.yaml": (collector / "parts" / f"{part}.yaml").read_text() for part in parts}
        wanted[f"{role}.yaml"] = (collector / f"{role}.yaml").read_text()
        assert files[f"r-otel-collector-{role}"] == wanted


def test_configmaps_and_rules_hold_the_very_bytes_of_dashboards_and_rules(umbrella):
    rendered = objects(template(umbrella, values=[umbrella / "values-local.yaml"]))
    dashboards = {
        name: text
        for item in rendered
        if item["metadata"]["name"].startswith("otel-dashboard-")
        for name, text in item["data"].items()
    }
    source = CHARTS / "observability"
    assert dashboards == {path.name: path.read_text() for path in (source / "dashboards").glob("*.json")}
    assert len(dashboards) == 6
    rules = {item["metadata"]["name"]: item["spec"] for item in rendered if item["kind"] == "PrometheusRule"}
    assert rules == {
        f"otel-{path.stem}": yaml.safe_load(path.read_text()) for path in (source / "rules").glob("*.yaml")
    }


def test_runbook_links_get_their_base(umbrella):
    rendered = objects(template(umbrella, values=[umbrella / "ci" / "traces.yaml"]))
    links = [
        rule["annotations"]["runbook_url"]
        for item in rendered
        if item["kind"] == "PrometheusRule"
        for group in item["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert len(links) >= 20
    assert {link.partition("docs/runbooks/")[0] for link in links} == {"https://git.example.com/otel-distro/blob/main/"}


@pytest.mark.parametrize("name", NAMES)
def test_readme_is_generated_from_the_values(name):
    assert (CHARTS / name / "README.md").read_text() == readme(CHARTS / name), "run `make chart-readmes`"


@pytest.mark.parametrize("name", CASES)
def test_two_renders_are_the_same_byte_for_byte(name, umbrella):
    """GitOps renders at each sync: whatever differs is applied, and a token that differs locks every agent out."""
    chart, values = case(name, umbrella)
    assert template(chart, values=[values]) == template(chart, values=[values])


@pytest.mark.parametrize("chart", ["fastapi-service", "observability", "otel-collector"])
def test_no_template_makes_anything_up(chart):
    """Nothing random, no time of day, nothing that only a cluster knows."""
    texts = [path.read_text() for path in (CHARTS / chart / "templates").iterdir()]
    actions = [
        re.sub(r'"[^"]*"|/\*.*?\*/', "", action)
        for text in texts
        for action in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL)
    ]
    assert len(actions) >= 20
    made_up = re.compile(r"\b(?:rand\w+|uuidv4|gen\w+|lookup|now|htpasswd|derivePassword)\b")
    assert [action for action in actions if made_up.search(action)] == []
