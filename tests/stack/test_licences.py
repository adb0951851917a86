# SPDX-License-Identifier: Apache-2.0
"""Nothing that the test bed builds contains a module under the AGPL: users run Loki, Grafana and Tempo by their own images."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from testbed.programs import program
from testbed.programs.catalog import GRAMMAR, MODULES, PROGRAMS, NodeScript

# Programs and libraries that are AGPL-3.0 as a whole. (github.com/grafana/regexp, which Prometheus needs, is BSD.)
AGPL = re.compile(
    r"^github\.com/(?:grafana/(?:agent|grafana|k6|loki|mimir|oncall|phlare|pyroscope|tempo)|minio/(?:console|mc|minio))(?:/|$)"
)
FOLDERS = sorted(path.parent.name for path in MODULES.glob("*/go.mod"))


def agpl(modules: list[str]) -> list[str]:
    return [module for module in modules if AGPL.match(module)]


def test_the_pattern_knows_what_it_is_for() -> None:
    """Loki and all that is below it; not the libraries whose names begin alike."""
    given = [
        "github.com/grafana/loki/v3",
        "github.com/grafana/loki/pkg/push",
        "github.com/grafana/regexp",
        "github.com/minio/minio-go/v7",
    ]
    assert agpl(given) == given[:2]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_of_the_test_bed_needs_one(folder: str) -> None:
    """`go list -m all`: everything that could be linked, used or not."""
    command = ["go", "list", "-m", "-f", "{{.Path}}", "all"]
    listed = subprocess.run(command, cwd=MODULES / folder, capture_output=True, text=True, check=True).stdout.split()
    assert len(listed) > 1
    assert agpl(listed) == []


def test_our_collector_has_none_linked() -> None:
    """Its module is generated for the build; the program itself says what went into it."""
    command = ["go", "version", "-m", str(program("collector"))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    linked = [line.split("\t")[2] for line in said.splitlines() if line.startswith("\tdep\t")]
    assert len(linked) > 50
    assert agpl(linked) == []


def test_the_grammar_of_logql_and_what_it_needs_are_permissive() -> None:
    """Grafana's editor is the AGPL's, its grammar is not: the lock file says which licence each package has."""
    packages = json.loads((GRAMMAR / "package-lock.json").read_text())["packages"]
    licences = {Path(path).name: package["license"] for path, package in packages.items() if path}
    assert licences == {"lezer-logql": "Apache-2.0", "common": "MIT", "lr": "MIT"}
    assert isinstance(PROGRAMS["logql-grammar"], NodeScript)
