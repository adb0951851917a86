# SPDX-License-Identifier: Apache-2.0
"""JSON schemas for kubeconform, without a network: Kubernetes' own from PyPI, the operator's from its CRDs."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import yaml
from testbed.programs import program


class YamlLoader(yaml.CSafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML in which a lone `=` is text, as in the operators of matchers, and not YAML 1.1's default-value tag."""


YamlLoader.add_constructor("tag:yaml.org,2002:value", YamlLoader.construct_yaml_str)

KUBERNETES: Final = "v1.36.0"
"""The version whose schemas the charts are held against; the API server of the tests has the same minor."""


def kubeconform(manifests: str, schemas: Path) -> subprocess.CompletedProcess[str]:
    """Check manifests strictly, offline, with the schemas that `write_schemas` put into a folder."""
    locations = [
        schemas / "{{.ResourceKind}}{{.KindSuffix}}.json",
        schemas / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json",
    ]
    command = [str(program("kubeconform")), "-strict", "-summary", "-output=json"]
    command += [f"-schema-location={location}" for location in locations]
    return subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)


def write_schemas(destination: Path) -> Path:
    """Write the schemas of Kubernetes' kinds and of the operator's to a folder, and return it."""
    _write_kubernetes_schemas(destination)
    _write_crd_schemas(destination)
    return destination


@cache
def prometheus_operator_crds() -> Path:
    """Return the folder of the prometheus-operator's CRDs, in the Go module that tools/testbed/programs pins."""
    module = Path(__file__).parents[1] / "testbed" / "programs" / "modules" / "prometheus-operator"
    command = ["go", "mod", "download", "-json", "github.com/prometheus-operator/prometheus-operator"]
    found = subprocess.run(command, cwd=module, check=True, capture_output=True, text=True)
    return Path(json.loads(found.stdout)["Dir"]) / "example" / "prometheus-operator-crd"


def _write_kubernetes_schemas(destination: Path) -> None:
    """Copy them without the addresses that they claim to have: kubeconform would look for their definitions there."""
    package = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"{KUBERNETES}-local-strict"
    for path in package.glob("*.json"):
        text = re.sub(r'"\$id": "[^"]*",?', "", path.read_text()).replace(
            "/api/_definitions.json#", "_definitions.json#"
        )
        (destination / path.name).write_text(re.sub(r",(\s*})", r"\1", text))


def _write_crd_schemas(destination: Path) -> None:
    for path in prometheus_operator_crds().glob("*.yaml"):
        crd = yaml.load(path.read_text(), YamlLoader)
        for version in crd["spec"]["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            name = f"{crd['spec']['names']['kind'].lower()}_{version['name']}.json"
            (destination / name).write_text(json.dumps(schema))


def _closed(schema: Any) -> Any:
    """Refuse properties that the schema does not name, as `-strict` does for Kubernetes' own kinds."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    # The API server fills metadata's schema in by itself.
    if "metadata" in schema.get("properties", {}) and schema["properties"]["metadata"] == {"type": "object"}:
        closed["properties"]["metadata"] = {"type": "object"}
    return closed
