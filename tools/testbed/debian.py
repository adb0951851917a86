# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian's that tests start: found where they are, installed where this is root's machine and they are not."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_PATHS = ("/usr/lib/postgresql/*/bin", "/usr/sbin", "/sbin")


def debian(program: str, package: str) -> Path:
    """Return the path of a program.

    Args:
        program: Its name.
        package: What `apt-get install` would bring it with.

    Raises:
        RuntimeError: It is not there and could not be installed.
    """
    found = _found(program)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(package)
        found = _found(program)
    if found is None:
        raise RuntimeError(f"{program} is missing: apt-get install {package}")
    return found


def _found(program: str) -> Path | None:
    for pattern in _PATHS:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / program).exists():
                return folder / program
    on_path = shutil.which(program)
    return Path(on_path) if on_path else None


def _install(package: str) -> None:
    with (Path(tempfile.gettempdir()) / "otel-distro-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]):
            subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
