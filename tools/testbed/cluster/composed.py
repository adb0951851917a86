# SPDX-License-Identifier: Apache-2.0
"""The images that compose.yaml names, as far as they can be had: built here, or standing in.

Loki, Grafana and Tempo are under the AGPL and are not built here. In Loki's place stands Loki's door (tools/testbed/loki_door), which
takes OTLP and answers LogQL; in Grafana's and Tempo's something that answers 200.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from testbed.cluster.archive import Image
from testbed.cluster.images import APPLICATION, REPOSITORY, collector_image, folder_of, python_root
from testbed.programs import program

_STANDING_IN: Final = Path(__file__).with_name("standing_in.py")
_DOOR: Final = Path(__file__).with_name("door.py")
_TOOLS: Final = REPOSITORY / "tools"


def images() -> Iterator[Image]:
    """Yield each."""
    yield Image("python:3.13-slim", roots=[python_root(), wheelhouse()], command=["python3"])
    yield collector_image("otel/opentelemetry-collector-contrib:0.159.0")
    yield door_image()
    for name, folder in (("prometheus", "prometheus"), ("alertmanager", "alertmanager")):
        yield Image(
            {"prometheus": "prom/prometheus:v3.15.0", "alertmanager": "prom/alertmanager:v0.31.1"}[name],
            files={f"bin/{name}": program(name)},
            folders={folder: (0o755, 65534), "tmp": (0o1777, 0)},
            user="65534:65534",
            workdir=f"/{folder}",
            entrypoint=[f"/bin/{name}"],
        )
    for name, ports in (("grafana/tempo:2.9.0", "3200,4317,4318"), ("grafana/grafana:12.3.0", "3000")):
        yield Image(
            name,
            roots=[python_root()],
            files={"standing_in.py": _STANDING_IN},
            user="10001:10001",
            entrypoint=["python3", "/standing_in.py"],
            environment={"PORTS": ports},
        )


def door_image() -> Image:
    """Return Loki's door with Node and the grammar, under Loki's name."""
    grammar = program("logql-grammar").parent
    sources = {
        path for name in ("loki_door", "programs") for path in (_TOOLS / "testbed" / name).rglob("*") if path.is_file()
    }
    files = {f"tools/{path.relative_to(_TOOLS)}": path for path in sources if "__pycache__" not in path.parts}
    files |= {f"cache/otel-distro/{grammar.name}/{path.relative_to(grammar)}": path for path in grammar.rglob("*")}
    files |= _node() | {
        "door.py": _DOOR,
        "tools/testbed/__init__.py": _TOOLS / "testbed" / "__init__.py",
        "collector/builder.yaml": REPOSITORY / "collector" / "builder.yaml",
    }
    return Image(
        "grafana/loki:3.5.7",
        roots=[python_root()],
        files=files,
        entrypoint=["python3", "/door.py"],
        environment={"PYTHONPATH": "/tools", "XDG_CACHE_HOME": "/cache"},
    )


def _node() -> dict[str, Path]:
    """Return Node and the libraries that it needs."""
    binary = Path(shutil.which("node") or "/usr/bin/node").resolve()
    said = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=True).stdout
    libraries = [word for word in said.split() if word.startswith("/lib")]
    return {"usr/local/bin/node": binary} | {
        f"usr{name}": Path(name).resolve() for name in libraries if "ld-linux" not in name
    }


def wheelhouse() -> Path:
    """Return a root with the wheels that `pip install` in compose.yaml asks for, and a pip that looks there only."""
    root = folder_of("wheelhouse", (REPOSITORY / "pyproject.toml").read_bytes())
    if not (root / "etc").exists():
        wheels = root / "wheelhouse"
        wheels.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip"]
        subprocess.run(
            [*pip, "wheel", "-q", "-w", str(wheels), str(REPOSITORY), *APPLICATION, "hatchling", "pip"], check=True
        )
        for own in wheels.glob("otel_distro-*"):
            own.unlink()
        (root / "etc").mkdir()
        (root / "etc" / "pip.conf").write_text(
            "[global]\nno-index = true\nfind-links = /wheelhouse\nroot-user-action = ignore\n"
        )
    if not (root / "usr").exists():
        where = root / "usr" / "local" / "lib" / "python3.11" / "dist-packages"
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(where), "pip"]
        subprocess.run(command, check=True)
        (root / "usr" / "local" / "bin").mkdir()
        (script := root / "usr" / "local" / "bin" / "pip").write_text('#!/bin/sh\nexec python3 -m pip "$@"\n')
        script.chmod(0o755)
    return root
