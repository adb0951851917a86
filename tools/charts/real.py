# SPDX-License-Identifier: Apache-2.0
"""Render the whole stack with the real dependency charts, and run the configurations that come out.

make chart-real CHARTS=<folder with kube-prometheus-stack/, loki/ and tempo/, as `helm pull --untar` leaves them>
"""

import base64
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from charts.dependencies import absent
from charts.helm import Object, objects, template
from charts.running import alertmanager_faults, loki_faults, rule_faults
from charts.schemas import kubeconform, write_schemas
from charts.umbrella import assemble

PRODUCTION_NEEDS = (
    r"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.github.client_id=id",
    r"--set=kube-prometheus-stack.grafana.grafana\.ini.auth\.google.client_id=id",
)
"""What values-production.yaml leaves to the reader."""


def main() -> int:
    given = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        umbrella = assemble(Path(scratch), lambda name, version, folder: _copy(given, name, version, folder))
        (schemas := Path(scratch) / "schemas").mkdir()
        write_schemas(schemas)
        failures = list(absent(given))
        failures += [
            failure
            for name, extra in (("local", ()), ("production", PRODUCTION_NEEDS))
            for failure in _check(name, template(umbrella, *extra, values=[umbrella / f"values-{name}.yaml"]), schemas)
        ]
    print("\n".join(failures) or "no faults")
    return bool(failures)


def _copy(given: Path, name: str, version: str, folder: Path) -> None:
    found = yaml.safe_load((given / name / "Chart.yaml").read_text())["version"]
    if found != version:
        raise SystemExit(f"{given / name} is version {found}, helm/observability/Chart.yaml pins {version}")
    shutil.copytree(given / name, folder)


def _check(name: str, manifests: str, schemas: Path) -> Iterator[str]:
    """Check all objects and the selectors, and run the configurations; yield each fault."""
    rendered = objects(manifests)
    print(f"{name}: {len(rendered)} objects")
    conform = kubeconform(manifests, schemas)
    if conform.returncode:
        yield f"{name}: {conform.stdout}"
    configurations = dict(_configurations(rendered))
    print(f"{name}: runs {', '.join(sorted(configurations))}")
    faults = chain(
        loki_faults(configurations["loki"]),
        alertmanager_faults(configurations["alertmanager"]),
        rule_faults(rendered),
        unselected(rendered),
    )
    yield from (f"{name}: {fault}" for fault in faults)


def _configurations(rendered: list[Object]) -> Iterator[tuple[str, str]]:
    for item in rendered:
        if item["kind"] == "ConfigMap" and "config.yaml" in item["data"] and item["metadata"]["name"] == "loki":
            yield "loki", item["data"]["config.yaml"]
        if item["kind"] == "Secret" and "alertmanager.yaml" in item.get("data", {}):
            yield "alertmanager", base64.b64decode(item["data"]["alertmanager.yaml"]).decode()


def unselected(rendered: list[Object]) -> Iterator[str]:
    """Yield the rules and monitors that Prometheus would not select."""
    spec: dict[str, Any] = next(item for item in rendered if item["kind"] == "Prometheus")["spec"]
    selectors = {
        "PrometheusRule": "ruleSelector",
        "ServiceMonitor": "serviceMonitorSelector",
        "PodMonitor": "podMonitorSelector",
    }
    for item in rendered:
        if item["kind"] in selectors:
            (wanted,) = spec[selectors[item["kind"]]]["matchExpressions"]
            if item["metadata"]["labels"].get(wanted["key"]) not in wanted["values"]:
                yield f"{item['kind']} {item['metadata']['name']} is not selected by Prometheus"


if __name__ == "__main__":
    raise SystemExit(main())
