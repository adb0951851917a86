# SPDX-License-Identifier: Apache-2.0
"""structlog's own test suite passes with the distribution active, none of its tests left out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import conformance
import pytest
from conformance.sources import CACHE, source_of
from testbed.processes import clean_environment

TOOLS = Path(conformance.__file__).parent.parent
# What structlog's tests import beyond structlog. Those of Twisted and Rich skip themselves without them.
NEEDS = ("pytest-asyncio", "simplejson", "time-machine")


@pytest.fixture(scope="module")
def needs() -> Path:
    folder = CACHE / f"site-structlog-{version('structlog')}-{sys.version_info.minor}"
    if not (folder / "time_machine").is_dir():
        command = [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--target", str(folder), *NEEDS]
        subprocess.run(command, check=True, timeout=300)
    return folder


def run_suite(needs: Path, counts: Path, *plugin: str) -> tuple[int, str]:
    """Run the suite; return how many tests passed, and the report."""
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (needs, TOOLS))), "CONFORMANCE_COUNTS": str(counts)}
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *plugin]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests"],
        cwd=source_of("structlog"),
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    return int(passed[1]), done.stdout


def test_every_test_of_structlog_passes_with_us_in_place(needs: Path, tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    alone, _ = run_suite(needs, counts)
    with_us, report = run_suite(needs, counts, "-p", "conformance.structlog_active")
    assert with_us == alone > 800, report
    used = json.loads(counts.read_text())
    assert used["events of the contract"] > 20
    assert used["events with a renderer of their own"] > 50
