# SPDX-License-Identifier: Apache-2.0
"""Put helm/observability together with its dependency charts, real or stand-ins, in a folder of its own.

Helm renders no chart whose dependencies are missing, even those that a condition switches off; and CI has no chart
repository. A stand-in has the name and version of the real chart and renders nothing.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from charts.helm import CHARTS

Provider = Callable[[str, str, Path], None]
"""Puts the chart of that name and version into a folder."""


def assemble(destination: Path, provide: Provider) -> Path:
    """Copy the umbrella to `destination`/observability, with the charts that `provide` brings, and return it."""
    umbrella = destination / "observability"
    shutil.copytree(CHARTS / "observability", umbrella, ignore=shutil.ignore_patterns("charts", "*.tgz"))
    for dependency in yaml.safe_load((umbrella / "Chart.yaml").read_text())["dependencies"]:
        name = dependency["name"]
        if dependency["repository"].startswith("file://"):
            shutil.copytree(CHARTS / name, umbrella / "charts" / name)
        else:
            provide(name, dependency["version"], umbrella / "charts" / name)
    return umbrella


def with_stand_ins(destination: Path) -> Path:
    """Assemble the umbrella with charts that render nothing."""
    return assemble(destination, stand_in)


def stand_in(name: str, version: str, folder: Path) -> None:
    """Write a chart that renders nothing."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": name, "version": version}))
    (folder / "templates" / "NOTES.txt").write_text("")
