# SPDX-License-Identifier: Apache-2.0
"""What a start must not import, counted in a process of its own: every service and each of its children pays for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from testbed.processes import clean_environment

from otel_distro.launch.run import FOLDER
from otel_distro.settings.environ import launch_environment

PRINT_MODULES = "import sys; print(*sys.modules, sep='\\n')"
# What only those need who ask for it; of the standard library what costs more than the whole of a small room.
UNWANTED = (
    "asyncio",
    "email.mime",
    "fastapi",
    "google.protobuf",
    "grpc",
    "httpx",
    "opentelemetry.exporter",
    "opentelemetry.proto",
    "otel_distro.cli",
    "packaging",
    "pkg_resources",
    "prometheus_client",
    "requests",
    "starlette",
    "structlog",
    "urllib3",
    "wrapt",
)


def launched(arguments: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python as `otel-distro run` starts it."""
    environment = clean_environment({"OTEL_EXPORTER_PROMETHEUS_PORT": "0", **variables})
    environment["PYTHONPATH"] = launch_environment(FOLDER)["PYTHONPATH"]
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)


def modules_of(code: str, **variables: str) -> list[str]:
    done = launched(["-c", code], **variables)
    assert done.stderr == ""
    return done.stdout.splitlines()


def below(names: Sequence[str], modules: Sequence[str]) -> list[str]:
    return [name for name in modules if any(name == top or name.startswith(f"{top}.") for top in names)]


def test_a_start_imports_nothing_that_nobody_asked_for() -> None:
    modules = modules_of(PRINT_MODULES)
    assert "otel_distro.lifecycle.parts" in modules
    assert below(UNWANTED, modules) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "pip", "--version"],
        ["-m", "otel_distro", "--version"],
        ["-c", "from multiprocessing.resource_tracker import main"],
    ],
    ids=["pip", "ourselves", "resource tracker"],
)
def test_helpers_import_no_sdk(arguments: list[str]) -> None:
    report = launched(["-X", "importtime", *arguments]).stderr.splitlines()
    modules = [line.rpartition("|")[2].strip() for line in report]
    assert "otel_distro.launch.begin" in modules
    assert below(["opentelemetry.sdk", "otel_distro.lifecycle.parts", "otel_distro.launch.garbage"], modules) == []


def test_switched_off_nothing_of_the_sdk_is_imported() -> None:
    modules = modules_of(PRINT_MODULES, OTEL_SDK_DISABLED="true")
    assert "otel_distro.lifecycle.runtime" in modules
    assert below(["opentelemetry.sdk", "otel_distro.lifecycle.parts"], modules) == []


def test_the_first_process_imports_next_to_nothing() -> None:
    code = "import sys; before = set(sys.modules); import otel_distro.launch.run; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    modules = done.stdout.split()
    assert "otel_distro.settings.environ" in modules
    assert below(["typing", "re", "pathlib", "argparse", "importlib", "opentelemetry", "dataclasses"], modules) == []
