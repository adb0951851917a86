# SPDX-License-Identifier: Apache-2.0
"""JSON schemas for kubeconform, without a network: Kubernetes' own from PyPI, the operator's from its CRDs."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import yaml
from programs import program



class _Loader(yaml.CSafeLoader):
    """YAML in which a lone `=` is text, as in the operators of matchers, and not YAML 1.1's default-value tag."""


_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.construct_yaml_str)

KUBERNETES: Final = "v1.36.0"
"""The version whose schemas the charts are held against; the API server of the tests has the same minor."""


def kubeconform(manifests: str, schemas: Path) -> subprocess.CompletedProcess[str]:
    """Check manifests strictly, offline. `schemas` holds the CRD schemas (see `write_crd_schemas`)."""
    own = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"{KUBERNETES}-local-strict"
    locations = [own / "{{.ResourceKind}}{{.KindSuffix}}.json", schemas / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"]
    command = [str(program("kubeconform")), "-strict", "-summary", "-output=json"]
    command += [f"-schema-location={location}" for location in locations]
    return subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)


@cache
def prometheus_operator_crds() -> Path:
    """Return the folder of the prometheus-operator's CRDs, in the Go module that tools/programs pins."""
    module = Path(__file__).parents[1] / "programs" / "modules" / "prometheus-operator"
    command = ["go", "mod", "download", "-json", "github.com/prometheus-operator/prometheus-operator"]
    found = subprocess.run(command, cwd=module, check=True, capture_output=True, text=True)
    return Path(json.loads(found.stdout)["Dir"]) / "example" / "prometheus-operator-crd"


def write_crd_schemas(destination: Path) -> Path:
    """Turn every CRD's OpenAPI schema into a strict JSON schema file, and return the folder."""
    for path in prometheus_operator_crds().glob("*.yaml"):
        crd = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a safe loader
        for version in crd["spec"]["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            name = f"{crd['spec']['names']['kind'].lower()}_{version['name']}.json"
            (destination / name).write_text(json.dumps(schema))
    return destination


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
