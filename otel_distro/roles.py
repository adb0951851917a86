# SPDX-License-Identifier: Apache-2.0
"""What this process is among its relatives, recognised from its command line alone.

The launcher runs in every Python process of a service: the server's parent, its workers, and helpers that no one thinks
of. Each gets no port, exporter or thread that its role does not need.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import PurePath


class Role(Enum):
    """A process's role."""

    SUPERVISOR = "supervisor"  # starts workers and serves nothing itself
    RELOADER = "reloader"  # starts one worker and starts it again when a file changes
    WORKER = "worker"  # a child that serves
    HELPER = "helper"  # a child that does something else: nothing is started in it
    SINGLE = "single"  # everything in one process


_HELPER_MODULES = frozenset({"pip", "venv", "ensurepip", "compileall", "uv", "otel_distro"})
_HELPER_PROGRAMS = frozenset({"pip", "pip3", "uv", "otel-distro"})
_HELPER_CODE = ("from multiprocessing.resource_tracker", "from joblib.externals.loky.backend.resource_tracker")
# Forks the workers, which find telemetry up in it as they do under any other parent.
_FORKSERVER_CODE = "from multiprocessing.forkserver"
_SPAWNED = "--multiprocessing-fork"  # what multiprocessing puts on the command line of a spawned child
_WORKER_OPTIONS = frozenset({"--workers", "-w"})


def recognise(command: Sequence[str] | None = None) -> Role:
    """Return this process's role.

    Args:
        command: The interpreter's whole command line; this process's own by default.
    """
    code, program, arguments = _split(sys.orig_argv if command is None else command)
    if _is_helper(code, program):
        return Role.HELPER
    if _SPAWNED in arguments or code.startswith(_FORKSERVER_CODE):
        return Role.WORKER
    if program == "gunicorn":
        return Role.SUPERVISOR
    if program in ("uvicorn", "hypercorn", "granian", "fastapi"):
        return _server_role(program, arguments)
    return Role.SINGLE


def _split(command: Sequence[str]) -> tuple[str, str, list[str]]:
    """Return the code of `-c` (else nothing), the program's or module's name, and its arguments."""
    rest = list(command[1:])
    while rest:
        item = rest.pop(0)
        if item == "-c":
            return (rest[0] if rest else ""), "-c", rest[1:]
        if item == "-m":
            module = rest[0] if rest else ""
            return "", module.removesuffix(".__main__"), rest[1:]
        if item in ("-W", "-X"):
            rest = rest[1:]
        elif not item.startswith("-"):
            return "", PurePath(item).name, rest
    return "", "", rest


def _is_helper(code: str, program: str) -> bool:
    if program == "-c":
        return code.startswith(_HELPER_CODE)
    return program in _HELPER_MODULES or program in _HELPER_PROGRAMS


def _server_role(program: str, arguments: list[str]) -> Role:
    if "--reload" in arguments or (program == "fastapi" and "dev" in arguments):
        return Role.RELOADER
    if program == "granian" or _worker_count(arguments) > 1:
        return Role.SUPERVISOR
    return Role.SINGLE


def _worker_count(arguments: list[str]) -> int:
    for index, item in enumerate(arguments):
        name, equals, value = item.partition("=")
        if name in _WORKER_OPTIONS:
            value = value if equals else "".join(arguments[index + 1 : index + 2])
            return int(value) if value.isdigit() else 1
    return 1
