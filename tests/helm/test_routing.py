# SPDX-License-Identifier: Apache-2.0
"""Alertmanager's configuration of values-*.yaml: valid for amtool, and each alert goes where it should."""

import subprocess
from pathlib import Path

import pytest
import yaml
from charts import CHARTS
from testbed.programs import program


@pytest.fixture
def configuration(request, tmp_path) -> Path:
    values = yaml.safe_load((CHARTS / "observability" / f"values-{request.param}.yaml").read_text())
    path = tmp_path / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(values["kube-prometheus-stack"]["alertmanager"]["config"]))
    return path


def amtool(*arguments: str) -> str:
    done = subprocess.run([str(program("amtool")), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("configuration", ["local", "production"], indirect=True)
def test_configuration_is_valid(configuration):
    assert "SUCCESS" in amtool("check-config", str(configuration))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=HighErrorRate severity=critical", "slack"),
        ("alertname=HighP99Latency severity=warning", "email"),
        ("alertname=Watchdog severity=none", "dead-man-switch"),
        ("alertname=InfoInhibitor severity=none", "nobody"),
        ("alertname=WithoutSeverity", "email"),
    ],
)
@pytest.mark.parametrize("configuration", ["production"], indirect=True)
def test_route(configuration, labels, receiver):
    assert amtool("config", "routes", "test", f"--config.file={configuration}", *labels.split()) == receiver


@pytest.mark.parametrize("configuration", ["local"], indirect=True)
def test_a_local_cluster_sends_nothing(configuration):
    assert amtool("config", "routes", "test", f"--config.file={configuration}", "severity=critical") == "nobody"
