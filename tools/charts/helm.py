# SPDX-License-Identifier: Apache-2.0
"""Run the pinned Helm, and read what it renders."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from testbed.programs import program

CHARTS: Final = Path(__file__).parents[2] / "helm"
Object = dict[str, Any]
"""A Kubernetes object as the API takes it."""


def helm(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm; a failure is the caller's to read (`returncode`, `stderr`)."""
    # Helm says on stderr for each link below files/ that it follows it: that is what the links are for.
    done = subprocess.run(
        [str(program("helm")), *map(str, arguments)], capture_output=True, text=True, check=False, env=environment
    )
    done.stderr = "".join(line for line in done.stderr.splitlines(keepends=True) if "found symbolic link" not in line)
    return done


def template(chart: Path, *arguments: str, values: Sequence[Path] = (), release: str = "r") -> str:
    """Return the manifests that `helm template` prints for the namespace `monitoring`.

    Raises:
        ValueError: the chart refuses the values; the message is Helm's.
    """
    files = [f"--values={path}" for path in values]
    done = helm("template", release, chart, "--namespace=monitoring", *files, *arguments)
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout


def objects(manifests: str) -> list[Object]:
    """Parse a stream of manifests."""
    return [document for document in yaml.load_all(manifests, yaml.CSafeLoader) if document]
