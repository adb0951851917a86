# SPDX-License-Identifier: Apache-2.0
"""Tools never import tests: what both need is in tools/testbed; the version stands in one place."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import yaml

import otel_distro

REPOSITORY = Path(__file__).parents[2]
OF_TOOLS = {path.stem for path in (REPOSITORY / "tools").iterdir()}
OF_TESTS = {path.stem for path in (REPOSITORY / "tests").iterdir()} - OF_TOOLS - sys.stdlib_module_names | {"tests"}


def test_tools_import_no_tests() -> None:
    files = [path for path in (REPOSITORY / "tools").rglob("*.py") if "applications" not in path.parts]
    assert len(files) > 100
    imported = [(str(path.relative_to(REPOSITORY)), name) for path in files for name in _imported(path)]
    assert len(imported) > 500
    assert {"support", "conftest"} <= OF_TESTS
    assert [(path, name) for path, name in imported if name in OF_TESTS] == []


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def test_the_version_is_written_in_one_place_and_everybody_has_it() -> None:
    written = [
        line for line in (REPOSITORY / "pyproject.toml").read_text().splitlines() if line.startswith("version =")
    ]
    chart = yaml.safe_load((REPOSITORY / "helm" / "observability" / "Chart.yaml").read_text())
    assert written == []
    assert version("otel-distro") == chart["appVersion"] == otel_distro.__version__
