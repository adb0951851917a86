# SPDX-License-Identifier: Apache-2.0
"""Real programs for tests: services under the launcher, and scripts that run to their end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from processes import Process, clean_environment, free_port, json_objects, located
from services import LAUNCHER, Service

__all__ = ["LAUNCHER", "Process", "Service", "clean_environment", "free_port", "json_objects", "located", "run"]


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    timeout: float = 30.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python environment to its end, in a clean environment, and return output and exit code."""
    return subprocess.run(
        [located(command[0]), *command[1:]],
        env=clean_environment(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
