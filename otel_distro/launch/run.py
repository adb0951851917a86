# SPDX-License-Identifier: Apache-2.0
"""`otel-distro run COMMAND…`: what `opentelemetry-instrument COMMAND…` does, with a first process that imports nothing.

Upstream's takes half a second of CPU on a slow machine, of which a service sees nothing: it reads all entry points and
builds a command-line parser of all variables, in a process that `exec` ends. Here variables stay in the environment.
"""

from __future__ import annotations

import os
import sys

from otel_distro.settings import launch_environment

USAGE = "usage: otel-distro run COMMAND [ARGUMENT...]"
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "path")  # noqa: PTH100, PTH118, PTH120  pathlib takes as long as all of this
MISUSE, CANNOT_EXECUTE, NOT_FOUND = 2, 126, 127  # as shells have them


def run(arguments: list[str]) -> int:
    """Become the command, with telemetry; return an exit status only if that cannot be."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        return _say(USAGE, MISUSE)
    if command[0] in {"-h", "--help"}:
        print(USAGE)  # noqa: T201  what was asked for
        return 0
    try:
        os.execvpe(command[0], command, launch_environment(FOLDER))  # noqa: S606  the user's own command
    except FileNotFoundError:
        return _say(f"otel-distro run: {command[0]}: command not found", NOT_FOUND)
    except OSError as error:
        return _say(f"otel-distro run: {command[0]}: {error.strerror}", CANNOT_EXECUTE)


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201  nothing else stands yet
    return status
