# SPDX-License-Identifier: Apache-2.0
"""Run one suite in a process of its own, as upstream has it or with our parts in place."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from xml.etree import ElementTree as ET

from conformance.sources import CACHE, source_of, test_packages
from conformance.suites import TEST_PACKAGES, Suite

TOOLS = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """What became of a suite: its tests by result, and how often our parts ran."""

    results: Mapping[str, str]
    uses: Mapping[str, int] = field(default_factory=dict)

    def tests(self, result: str) -> set[str]:
        return {test for test, found in self.results.items() if found == result}

    def or_better(self, other: Outcome) -> Outcome:
        """Return the outcome of two runs: a test that has passed once can pass."""
        return Outcome(
            {test: "passed" if test in other.tests("passed") else found for test, found in self.results.items()},
            self.uses,
        )


def baseline(suite: Suite) -> Outcome:
    """Return upstream's own outcome in this environment; remembered while no installed package changes."""
    kept = CACHE / "baselines" / f"{suite.package}-{_environment()}.json"
    if not kept.exists():
        outcome = _run(suite, {}).or_better(_run(suite, {}))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(dict(outcome.results), indent=1), encoding="utf-8")
    return Outcome(json.loads(kept.read_text(encoding="utf-8")))


def ours(suite: Suite) -> Outcome:
    """Return the outcome with our parts in place."""
    return _run(suite, {"CONFORMANCE_PARTS": ",".join(suite.parts)})


def _run(suite: Suite, more: Mapping[str, str]) -> Outcome:
    with tempfile.TemporaryDirectory() as scratch:
        report, counts = Path(scratch, "report.xml"), Path(scratch, "counts.json")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "tests"]
        if more:
            command[3:3] = ["-p", "conformance.plugin"]
        environment = {
            # No OTEL_* of the caller: upstream's tests expect none.
            **{name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "PYTHONPATH": os.pathsep.join([str(test_packages()), str(TOOLS)]),
            "CONFORMANCE_COUNTS": str(counts),
            **more,
        }
        done = subprocess.run(
            command,
            cwd=source_of(suite.package),
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if not report.exists():
            raise SystemExit(f"{suite.package}: pytest did not run\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return Outcome(_results(report), json.loads(counts.read_text(encoding="utf-8")) if counts.exists() else {})


def _results(report: Path) -> dict[str, str]:
    """Read pytest's report: a test with a failing subtest has several entries, of which the worst counts."""
    results: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        result = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        if results.get(name) != "failed":
            results[name] = result
    return results


def _environment() -> str:
    installed = sorted(f"{each.name}=={each.version}" for each in distributions())
    return hashlib.sha256("\n".join([sys.version, *installed, *TEST_PACKAGES]).encode()).hexdigest()[:16]
