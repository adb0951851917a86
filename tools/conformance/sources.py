# SPDX-License-Identifier: Apache-2.0
"""Upstream's source distributions, which hold the tests, and what the tests need: fetched once, kept for good."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

from conformance.suites import TEST_PACKAGES

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-distro" / "conformance"


def source_of(package: str) -> Path:
    """Return the folder with the source distribution of the installed version of a package."""
    name = f"{package.replace('-', '_')}-{version(package)}"
    folder, archives = CACHE / "sources", CACHE / "archives"
    if not (folder / name / "tests").is_dir():
        archive = archives / f"{name}.tar.gz"
        if not archive.exists():
            _pip("download", "--no-deps", "--no-binary", ":all:", "--dest", archives, f"{package}=={version(package)}")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder / name


def test_packages() -> Path:
    """Return a folder to import the tests' own needs from."""
    contrib = version("opentelemetry-instrumentation")
    folder = CACHE / f"site-{contrib}-httpx2"
    if not (folder / "respx").is_dir():
        wanted = [package.format(contrib=contrib) for package in TEST_PACKAGES]
        _pip("install", "--no-deps", "--target", folder, *wanted)
    return folder


def _pip(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "pip", "-q", *map(str, arguments)], check=True, timeout=600)
