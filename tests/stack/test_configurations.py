# SPDX-License-Identifier: Apache-2.0
"""Every configuration is valid for the real programs, and says where it differs from its neighbour."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from testbed.collector import CONFIGURATION, ROLES, arguments
from testbed.loki_door.configuration import Limits
from testbed.programs import program
from testbed.server import REPOSITORY

LOKI = CONFIGURATION / "loki"
SWITCHES: Mapping[str, Mapping[str, str]] = {
    "standalone": {"COLLECTOR_TRACES_EXPORTERS": "[otlp_http/traces]", "COLLECTOR_DROP_OTLP_LINES": "false"},
    "agent": {"COLLECTOR_TRACES_EXPORTERS": "[load_balancing]", "COLLECTOR_METRICS_RECEIVERS": "[otlp, host_metrics]"},
    "gateway": {
        "COLLECTOR_TRACES_PROCESSORS": "[memory_limiter, tail_sampling, redaction]",
        "COLLECTOR_TRACES_EXPORTERS": "[otlp_http/traces]",
        "COLLECTOR_METRICS_EXPORTERS": "[otlp_http/prometheus]",
    },
}


def validate(role: str, variables: Mapping[str, str], *more: str) -> str:
    command = [str(program("collector")), "validate", *arguments(role), *more]
    environment = {**os.environ, "K8S_NODE_NAME": "node", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.fixture
def token(tmp_path: Path) -> dict[str, str]:
    """A token file, which agent and gateway read."""
    path = tmp_path / "token"
    path.write_text("secret")
    return {"GATEWAY_TOKEN_FILE": str(path), "COLLECTOR_TOKEN_FILE": str(path)}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_valid_with_its_defaults_and_with_its_switches(role: str, token: dict[str, str]) -> None:
    """`otelcol validate` accepts both."""
    assert validate(role, token) == ""
    assert validate(role, token | SWITCHES[role]) == ""


def test_the_gateway_is_valid_with_tls(token: dict[str, str]) -> None:
    """The certificate's files are named by variables."""
    assert validate("gateway", token, f"--config={CONFIGURATION / 'parts' / 'tls.yaml'}") == ""


def test_a_switch_that_names_nothing_is_refused(token: dict[str, str]) -> None:
    """A typing mistake does not start."""
    assert "not configured" in validate("gateway", token | {"COLLECTOR_TRACES_EXPORTERS": "[otlp_http/trace]"})


@pytest.mark.parametrize("name", ["local.yaml", "production.yaml"])
def test_lokis_configurations_have_known_keys_and_the_limits_that_the_collector_stays_below(name: str) -> None:
    """Loki's own check of them is in the workflow that has its image (.github/workflows/loki.yml)."""
    limits = Limits.read((LOKI / name).read_text())
    assert limits.unknown == ()
    assert (limits.oldest, limits.newest, limits.behind) == (168 * 3600, 600, 24 * 3600)
    assert (limits.max_line_size, limits.max_line_size_truncate) == (256 << 10, True)
    assert (limits.max_label_names_per_series, limits.max_structured_metadata_entries_count) == (15, 128)
    assert len(limits.labels) == 6 + 5  # of today, and of COLLECTOR_CLASSIC_LABELS


def test_production_differs_from_local_where_it_says_so() -> None:
    """Retention, addresses, memory: nothing else, so that what is tested locally holds there."""
    local, production = (yaml.safe_load((LOKI / name).read_text()) for name in ("local.yaml", "production.yaml"))
    assert local["limits_config"].pop("retention_period") == "168h"
    assert production["limits_config"].pop("retention_period") == "720h"
    for configuration in (local, production):
        del configuration["ingester"]["wal"]["replay_memory_ceiling"]
        del configuration["server"]["http_listen_address"], configuration["server"]["grpc_listen_address"]
    assert production == local


def test_the_builder_lists_what_the_configurations_use_and_nothing_else() -> None:
    """A lean Collector: each of its modules is named by a configuration."""
    modules = [
        entry["gomod"].split()[0].rsplit("/", 1)[1]
        for kind, entries in yaml.safe_load((CONFIGURATION / "builder.yaml").read_text()).items()
        if kind not in ("dist", "providers")
        for entry in entries
    ]
    texts = [path.read_text() for path in (*CONFIGURATION.glob("*.yaml"), *CONFIGURATION.glob("parts/*.yaml"))]
    text = "\n".join(text for text in texts if "gomod" not in text).replace("_", "")
    kinds = ("receiver", "processor", "exporter", "extension")
    names = [
        next(module.removesuffix(kind) for kind in kinds if module.endswith(kind) or kind == "extension")
        for module in modules
    ]
    assert len(names) >= 12
    assert [name for name in names if name not in text] == []


def test_the_documented_commands_name_existing_files() -> None:
    """The command at the top of each configuration is the one that is tested here."""
    for role, parts in ROLES.items():
        head = (REPOSITORY / "collector" / f"{role}.yaml").read_text().split("receivers:")[0]
        assert [part for part in parts if f"--config collector/{part}" not in head] == []
