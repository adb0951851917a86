# SPDX-License-Identifier: Apache-2.0
"""The images of the runs, each FROM scratch, of programs built here, Debian packages and wheels.

Where the name is somebody's (the official Collector's, busybox's), what the charts name by default is our own build or Debian's:
no registry of images can be reached.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from testbed.cluster.archive import Image
from testbed.programs import program
from testbed.programs.build import cache as cache_folder

REPOSITORY: Final = Path(__file__).parents[3]
CHAT: Final = REPOSITORY / "examples" / "chat"
COLLECTOR: Final = "otel/opentelemetry-collector-contrib:0.159.0"
USER: Final = "10001:10001"
APPLICATION: Final = ("fastapi", "uvicorn", "httpx", "pyyaml")  # the last for Loki's door


def base_images() -> Iterator[Image]:
    """Yield what every cluster has."""
    yield Image("localhost/pause:1", files={"pause": program("pause")}, user="65535:65535", entrypoint=["/pause"])
    yield Image("localhost/coredns:1", files={"coredns": program("coredns")}, entrypoint=["/coredns"])
    yield Image("busybox:1.37.0", roots=[busybox()], folders={"tmp": (0o1777, 0)}, command=["sh"])
    yield collector_image(COLLECTOR)
    yield Image(
        "localhost/victoria-logs:1",
        files={"victoria-logs": program("victoria-logs")},
        user=USER,
        entrypoint=["/victoria-logs"],
    )
    yield Image(
        "localhost/prometheus:1",
        files={"bin/prometheus": program("prometheus")},
        user=USER,
        entrypoint=["/bin/prometheus"],
    )
    yield chat_image("localhost/chat:0.1.0")


def operator_images() -> Iterator[Image]:
    """Yield the prometheus-operator's two."""
    for name in ("operator", "prometheus-config-reloader"):
        yield Image(
            f"localhost/{name}:1", files={f"bin/{name}": program(name)}, user="65534", entrypoint=[f"/bin/{name}"]
        )


def chat_image(name: str) -> Image:
    """Return the chat example with the otel-distro of this checkout, on Debian's Python."""
    files = {f"app/{path.name}": path for path in CHAT.glob("*.py")}
    return Image(name, roots=[python_root(), our_wheel()], files=files, workdir="/app")


def collector_image(name: str) -> Image:
    """Return our Collector with its configurations, as collector/Dockerfile makes it."""
    folder = REPOSITORY / "collector"
    files = {
        f"etc/otelcol/{path.relative_to(folder)}": path
        for path in (*folder.glob("*.yaml"), *folder.glob("parts/*.yaml"))
    }
    return Image(
        name,
        files={"otelcol": program("collector"), **files},
        folders={"var/lib/otelcol": (0o755, 10001)},
        user=USER,
        entrypoint=["/otelcol"],
    )


@cache
def busybox() -> Path:
    """Return a root of Debian's busybox (its wget crashes: what asks by HTTP runs Python)."""
    root = folder_of("busybox", b"1")
    if not (root / "bin").exists():
        (root / "etc").mkdir(parents=True)
        (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
        (root / "bin").mkdir()
        shutil.copy("/bin/busybox", root / "bin" / "busybox")
        names = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
        for name in set(names) - {"busybox"}:
            (root / "bin" / name).symlink_to("busybox")
    return root


@cache
def python_root() -> Path:
    """Return a root of Debian's Python with what our package and the examples need, made once for each pyproject.toml."""
    script = Path(__file__).with_name("python_root.sh")
    root = folder_of("python", script.read_bytes() + (REPOSITORY / "pyproject.toml").read_bytes())
    if not root.exists():
        with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
            made = Path(scratch) / "root"
            command = [str(script), str(made), str(_wheel(Path(scratch))), *APPLICATION]
            subprocess.run(command, env=os.environ | {"DEBS": str(folder_of("debs", b"1"))}, check=True)
            made.rename(root)
    return root


@cache
def our_wheel() -> Path:
    """Return a root with nothing but the otel-distro of this checkout."""
    root = Path(tempfile.mkdtemp(prefix="otel-distro-wheel-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    where = root / "usr" / "local" / "lib" / "python3.11" / "dist-packages"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", str(where)]
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([*pip, str(_wheel(Path(scratch)))], check=True)
    return root


def _wheel(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(REPOSITORY)], check=True
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def folder_of(name: str, recipe: bytes) -> Path:
    folder = cache_folder() / "cluster" / f"{name}-{hashlib.sha256(recipe).hexdigest()[:8]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder
