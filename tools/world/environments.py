# SPDX-License-Identifier: Apache-2.0
"""One environment for each application, kept in the user's cache, with this checkout's wheel installed anew."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from testbed.processes import located
from testbed.programs.build import cache as user_cache

from world.application import Application

CHECKOUT: Final = Path(__file__).parents[2]


def environment(application: Application) -> Path:
    """Return the folder of an environment that has the application and this checkout's wheel.

    Raises:
        subprocess.CalledProcessError: The packages cannot be installed beside each other; its output says why.
    """
    home = user_cache() / "world" / f"{application.name}-{_digest(application)}"
    if not (home / ".complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        _uv("venv", "--quiet", "--seed", "--python", sys.executable, str(home))
        _install(home, *application.packages, str(_wheel()))
        (home / ".complete").touch()
    _install(home, "--no-deps", "--reinstall-package", "otel-distro", str(_wheel()))
    return home


def _digest(application: Application) -> str:
    return hashlib.sha256("\n".join([sys.version, *application.packages]).encode()).hexdigest()[:8]


@cache
def _wheel() -> Path:
    """Build the wheel once; the folder lives as long as the machine's temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="otel-distro-wheel-"))
    _uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(CHECKOUT))
    (wheel,) = folder.glob("*.whl")
    return wheel


def _install(home: Path, *requirements: str) -> None:
    _uv("pip", "install", "--quiet", "--python", str(home / "bin" / "python"), *requirements)


def _uv(*arguments: str) -> None:
    subprocess.run([located("uv"), *arguments], check=True, capture_output=True, text=True)
