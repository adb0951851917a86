# SPDX-License-Identifier: Apache-2.0
"""What the umbrella sets for charts from elsewhere is explained, and agrees with the files that people run by hand."""

import yaml
from charts import CHARTS
from charts.dependencies import absent, explained, values_set
from charts.real import unselected

LOKI = CHARTS.parent / "collector" / "loki"


def test_every_value_for_a_dependency_is_explained_and_every_explanation_is_of_one_that_is_set():
    table, keys = explained(), set(values_set())
    assert len(keys) >= 60
    assert {key for key in keys if not any(key[: len(row)] == row for row in table)} == set()
    assert {row for row in table if not any(key[: len(row)] == row for key in keys)} == set()


def test_keys_that_a_chart_does_not_have_are_found(tmp_path):
    """A check of the check that `make chart-real` does."""
    for chart in ("kube-prometheus-stack", "loki", "tempo"):
        (tmp_path / chart).mkdir()
        (tmp_path / chart / "values.yaml").write_text("fullnameOverride: ''\n")
    missing = set(absent(tmp_path))
    assert "loki has no value deploymentMode" in missing
    assert "loki has no value fullnameOverride" not in missing


def test_rules_and_monitors_that_prometheus_would_not_select_are_found():
    selector = {"matchExpressions": [{"key": "app.kubernetes.io/part-of", "values": ["otel-distro"]}]}
    names = ("ruleSelector", "serviceMonitorSelector", "podMonitorSelector")
    prometheus = {"kind": "Prometheus", "spec": dict.fromkeys(names, selector)}
    items = [
        {"kind": "PodMonitor", "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": part}}}
        for name, part in (("ours", "otel-distro"), ("other", "shop"))
    ]
    assert list(unselected([prometheus, *items])) == ["PodMonitor other is not selected by Prometheus"]


def test_loki_has_the_same_limits_by_helm_and_by_hand():
    """Labels and limits of collector/loki/*.yaml, but for the retention, which is each environment's own."""
    chart = yaml.safe_load((CHARTS / "observability" / "values.yaml").read_text())["loki"]["loki"]
    by_environment = {}
    for environment in ("local", "production"):
        values = yaml.safe_load((CHARTS / "observability" / f"values-{environment}.yaml").read_text())
        by_environment[environment] = chart["limits_config"] | values["loki"]["loki"]["limits_config"]
    assert {name: limits["retention_period"] for name, limits in by_environment.items()} == {
        "local": "168h",
        "production": "720h",
    }
    found = sorted(LOKI.glob("*.yaml"))
    assert found
    for path in found:
        by_hand = yaml.safe_load(path.read_text())
        assert by_hand["limits_config"] == by_environment[path.stem], path.name
        for key, value in chart["ingester"].items():
            assert by_hand["ingester"][key] == value, (path.name, key)
