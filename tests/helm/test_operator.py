# SPDX-License-Identifier: Apache-2.0
"""The tree of the operator's image instruments an application that was started the way the operator starts it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from charts import CHARTS
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, free_port

OPERATOR = CHARTS / "operator"
REPOSITORY = CHARTS.parent
VERSIONS = Path.home() / ".pyenv" / "versions"
# What the operator adds to a container unless the Instrumentation says otherwise.
INJECTED = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_SERVICE_NAME": "injected",
    "OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=shop,k8s.pod.name=injected-1",
    "OTEL_PROPAGATORS": "tracecontext,baggage",
}
APPLICATION = """
import logging
from fastapi import FastAPI

app = FastAPI()

@app.get("/items/{item}")
def read(item: int):
    logging.getLogger("shop").warning("item %s read", item)
    return {"item": item}
"""


def interpreter(version: str) -> str:
    """Return the interpreter of a version that is not this one's environment."""
    if found := sorted(VERSIONS.glob(f"{version}.*/bin/python")):
        return str(found[-1])
    if path := shutil.which(f"python{version}"):
        return path
    pytest.skip(f"Python {version} is neither below {VERSIONS} nor on the PATH")


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Path:
    """What lies in the pod's volume after the operator's `cp -r /autoinstrumentation/. …`."""
    folder = tmp_path_factory.mktemp("operator")
    pip("wheel", "--no-deps", f"--wheel-dir={folder}", str(REPOSITORY))
    (wheel,) = folder.glob("otel_distro-*.whl")
    built = ["sh", str(OPERATOR / "build.sh"), str(wheel), str(folder / "autoinstrumentation")]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.home())}
    done = subprocess.run(built, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    target = folder / "otel-auto-instrumentation-python"
    target.mkdir()
    subprocess.run(["cp", "-r", f"{folder}/autoinstrumentation/.", str(target)], check=True)
    return target


@pytest.fixture(scope="session", params=["3.10", "3.13"])
def container(request, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """An interpreter, and the packages that the application's image brings: FastAPI and uvicorn, no telemetry."""
    python = interpreter(request.param)
    packages = tmp_path_factory.mktemp(f"image-{request.param}")
    wheels = ["--only-binary=:all:", f"--python-version={request.param}", f"--target={packages}"]
    # pip asks this interpreter, not that version, what a marker such as `python_version < "3.11"` means.
    pip("install", *wheels, "fastapi", "uvicorn", "exceptiongroup")
    (packages / "shop.py").write_text(APPLICATION)
    return python, packages


def start(container: tuple[str, Path], tree: Path, variables: dict[str, str]) -> tuple[Process, str]:
    python, packages = container
    port = free_port()
    # internal/instrumentation/python.go of the operator: prefix, what the container had, suffix.
    path = f"{tree}/opentelemetry/instrumentation/auto_instrumentation:{packages}:{tree}"
    command = [python, "-m", "uvicorn", "shop:app", f"--port={port}"]
    process = Process(command, INJECTED | {"PYTHONPATH": path} | variables, packages)
    process.wait_for_port(port)
    return process, f"http://127.0.0.1:{port}"


def test_one_tree_has_no_grpc_one_set_of_entry_points_and_no_scripts(tree):
    names = [path.name.split("-")[0].lower() for path in tree.glob("*.dist-info")]
    assert sorted(set(names)) == sorted(names)
    assert {"otel_distro", "opentelemetry_instrumentation", "opentelemetry_sdk"} <= set(names)
    assert not {"grpcio", "opentelemetry_distro"} & set(names)
    assert not (tree / "bin").exists()
    binaries = {path.name.split(".")[1] for path in (tree / "orjson").glob("*.so")}
    assert {binary.split("-")[1] for binary in binaries} == {"310", "311", "312", "313"}


def test_all_signals_arrive_with_the_operators_own_variables(container, tree):
    with OtlpReceiver() as receiver:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_METRIC_EXPORT_INTERVAL": "200"}
        process, url = start(container, tree, variables)
        with process:
            assert httpx.get(f"{url}/items/7", timeout=60).json() == {"item": 7}
            (span,) = receiver.wait_for(lambda r: r.spans("GET /items/{item}"))
            receiver.wait_for(lambda r: r.metrics("http.server.request.duration"))
            (record,) = receiver.wait_for(lambda r: [log for log in r.logs() if log.body == "item 7 read"])
    assert span.service == "injected"
    assert span.origin.resource["telemetry.distro.name"] == "otel-distro"
    assert span.origin.resource["k8s.namespace.name"] == "shop"
    assert record.trace_id == span.trace_id


def test_metrics_are_served_with_the_variables_of_our_instrumentation(container, tree):
    """helm/operator/instrumentation.yaml: /metrics instead of OTLP metrics, and no second copy of the logs."""
    spec = yaml.safe_load((OPERATOR / "instrumentation.yaml").read_text())["spec"]
    ours = {variable["name"]: variable["value"] for variable in spec["python"]["env"]}
    with OtlpReceiver() as receiver:
        admin = free_port()
        to = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_EXPORTER_PROMETHEUS_PORT": str(admin)}
        process, url = start(container, tree, ours | to)
        with process:
            httpx.get(f"{url}/items/7", timeout=60)
            receiver.wait_for(lambda r: r.spans("GET /items/{item}"))
            page = httpx.get(f"http://127.0.0.1:{admin}/metrics", timeout=60).text
            line = process.wait_for(lambda p: [text for text in p.stdout if "item 7 read" in text])
        assert receiver.logs() == []
    assert 'http_route="/items/{item}"' in page
    assert json.loads(line[0])["service"] == "injected"
