# SPDX-License-Identifier: Apache-2.0
"""What each chart renders for each file of its ci/ folder, written to tests/helm/goldens by `make chart-goldens`.

A file that a ConfigMap or a rule holds is named, not repeated: a test of its own compares the bytes.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from charts.helm import CHARTS, Object, objects, template
from charts.umbrella import with_stand_ins

GOLDENS: Final = CHARTS.parent / "tests" / "helm" / "goldens"
_OWN: Final = {"otel-environment", "otel-datasources"}
"""ConfigMaps whose contents are the chart's own."""


def cases(umbrella: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yield name, chart and values file of each case. `umbrella` is helm/observability with its dependencies."""
    for chart in (CHARTS / "fastapi-service", CHARTS / "otel-collector", umbrella):
        for values in sorted((chart / "ci").glob("*.yaml")):
            yield f"{chart.name}/{values.stem}", chart, values


def golden(chart: Path, values: Path) -> str:
    """Return the rendered objects with what is not the chart's own left out."""
    rendered = [_shortened(item) for item in objects(template(chart, values=[values]))]
    rendered.sort(key=lambda item: (item["kind"], item["metadata"]["name"], item["metadata"].get("namespace", "")))
    return str(yaml.dump_all(rendered, Dumper=yaml.CSafeDumper, sort_keys=False, width=120))


def _shortened(item: Object) -> Object:
    if item["kind"] == "PrometheusRule":
        item["spec"] = {"groups": [group["name"] for group in item["spec"]["groups"]]}
    if item["kind"] == "ConfigMap" and item["metadata"]["name"] not in _OWN:
        item["data"] = {name: f"<{name}>" for name in item["data"]}
    # This checksum follows the Collector's files.
    text = re.sub(
        r"(\s+checksum/config: ).*",
        r"\1<volatile>",
        yaml.dump(item, Dumper=yaml.CSafeDumper, sort_keys=False),
    )
    return dict(yaml.load(text, yaml.CSafeLoader))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for name, chart, values in cases(with_stand_ins(Path(scratch))):
            target = GOLDENS / f"{name}.yaml"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(golden(chart, values))
            print(target)
