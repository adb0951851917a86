# SPDX-License-Identifier: Apache-2.0
"""compose.yaml, as far as it can be checked without a container engine: every file, command and address that it names."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from testbed.collector import arguments
from testbed.loki_door.configuration import Limits
from testbed.programs import program
from testbed.server import REPOSITORY

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
FOLDER = REPOSITORY / "compose"


def ends_well(*command: str | Path, **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_mounted_file_and_volume_exists() -> None:
    """A path that does not exist would be made as an empty folder by the engine."""
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    paths = [mount for mount in mounts if mount.startswith("./")]
    assert len(paths) >= 9
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
    assert {mount for mount in mounts if mount[0] not in "./"} == set(COMPOSE["volumes"])


def test_the_collector_runs_what_is_tested_here() -> None:
    """The same arguments as the standalone role, valid with the variables of the file."""
    service = SERVICES["collector"]
    inside = [argument.replace("/etc/otelcol", str(REPOSITORY / "collector")) for argument in service["command"]]
    assert sorted(inside) == sorted(arguments("standalone"))
    ends_well(program("collector"), "validate", *inside, **service["environment"])


def test_prometheus_and_alertmanager_accept_their_files(tmp_path: Path) -> None:
    """promtool and amtool say so."""
    (tmp_path / "rules").symlink_to(REPOSITORY / "helm" / "observability" / "rules")
    (tmp_path / "prometheus.yaml").write_text((FOLDER / "prometheus.yaml").read_text())
    ends_well(program("promtool"), "check", "config", tmp_path / "prometheus.yaml")
    ends_well(program("amtool"), "check-config", FOLDER / "alertmanager.yaml")


def test_loki_has_a_file_of_known_keys_and_every_variable_of_it_is_set_or_has_a_default() -> None:
    """As far as it can be told without Loki, which the project's workflow runs with this file (.github/workflows)."""
    (named,) = [part.removeprefix("-config.file=") for part in SERVICES["loki"]["command"] if "config.file" in part]
    text = (REPOSITORY / "collector" / "loki" / Path(named).name).read_text()
    assert Limits.read(text).unknown == ()
    assert "-config.expand-env=true" in SERVICES["loki"]["command"]
    assert SERVICES["loki"]["environment"].keys() <= set(re.findall(r"\$\{(\w+)", text))


def test_every_address_names_a_service_of_the_file() -> None:
    """No configuration points at a host that is not there."""
    texts = [path.read_text() for path in (REPOSITORY / "compose.yaml", *FOLDER.rglob("*.yaml"))]
    hosts = {host for text in texts for host in re.findall(r"(?:http://|targets: \[\")([\w-]+):\d", text)}
    assert len(hosts) >= 7
    assert hosts - SERVICES.keys() == {"localhost"}


def test_grafana_has_the_data_sources_that_its_links_and_dashboards_want() -> None:
    """Exemplar to trace, log line to trace, trace to log lines."""
    sources = {
        source["uid"]: source
        for source in yaml.safe_load((FOLDER / "grafana" / "datasources.yaml").read_text())["datasources"]
    }
    assert sources.keys() == {"prometheus", "loki", "tempo", "alertmanager"}
    links = re.findall(r"datasourceUid: (\w+)", (FOLDER / "grafana" / "datasources.yaml").read_text())
    assert sorted(links) == ["loki", "tempo", "tempo"]
    assert len(list((REPOSITORY / "helm" / "observability" / "dashboards").glob("*.json"))) >= 5


def test_images_have_the_versions_that_are_built_here() -> None:
    """The programs of the tests are those of the images."""
    tags = {name: service["image"].rsplit(":", 1)[1] for name, service in SERVICES.items() if "image" in service}
    from testbed.programs.catalog import PROGRAMS

    assert tags["collector"] == PROGRAMS["collector"].version
    # Not built here: the workflow that runs the tests with Loki's own image names the same one.
    assert f"grafana/loki:{tags['loki']}" in (REPOSITORY / ".github" / "workflows" / "loki.yml").read_text()
    assert tags["alertmanager"] == f"v{PROGRAMS['alertmanager'].version}"
    # Prometheus 3.15.0 is the Go module v0.315.0.
    major, minor, patch = tags["prometheus"].lstrip("v").split(".")
    assert PROGRAMS["prometheus"].version == f"0.{major}{minor}.{patch}"
