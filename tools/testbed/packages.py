# SPDX-License-Identifier: Apache-2.0
"""Packages that are only installed for one test: a folder for PYTHONPATH with metadata as pip would write it."""

from collections.abc import Mapping
from pathlib import Path


def install(directory: Path, name: str, code: str, entry_points: Mapping[str, str] | None = None) -> None:
    """Install a module into a folder.

    Args:
        directory: The folder, to be named in PYTHONPATH.
        name: Of the module and of its distribution.
        code: Its text.
        entry_points: Group -> `name = module:object`.
    """
    (directory / f"{name}.py").write_text(code)
    metadata = directory / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = [f"[{group}]\n{point}\n" for group, point in (entry_points or {}).items()]
    (metadata / "entry_points.txt").write_text("\n".join(groups))
