# SPDX-License-Identifier: Apache-2.0
"""What this process is among its relatives, recognised from its command line alone.

The launcher runs in every Python process of a service: the server's parent, its workers, and helpers that no one thinks
of. Each gets no port, exporter or thread that its role does not need.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from pathlib import PurePath


class Role(Enum):
    """A process's role."""

    SUPERVISOR = "supervisor"  # starts workers and serves nothing itself
    RELOADER = "reloader"  # starts one worker and starts it again when a file changes
    WORKER = "worker"  # a child that serves
    HELPER = "helper"  # a child that does something else: nothing is started in it
    SINGLE = "single"  # everything in one process


PARENTS = frozenset({Role.SUPERVISOR, Role.RELOADER})  # what serves are their children

_HELPER_MODULES = frozenset({"pip", "venv", "ensurepip", "compileall", "uv", "otel_distro"})
_HELPER_PROGRAMS = frozenset({"pip", "pip3", "uv", "otel-distro"})
_HELPER_CODE = ("from multiprocessing.resource_tracker", "from joblib.externals.loky.backend.resource_tracker")
# Forks the workers, which find telemetry up in it as they do under any other parent.
_FORKSERVER_CODE = "from multiprocessing.forkserver"
_SPAWNED = "--multiprocessing-fork"  # what multiprocessing puts on the command line of a spawned child
_WORKER_OPTIONS = frozenset({"--workers", "-w"})
# Programs that serve, each with the commands that do; without any, all of its uses.
_SERVERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "uwsgi", "waitress-serve"), frozenset()),
    **dict.fromkeys(("arq", "dramatiq", "robyn", "sanic"), frozenset()),
    "fastapi": frozenset({"run", "dev"}),
    "celery": frozenset({"worker", "beat", "multi", "flower", "events"}),
    **dict.fromkeys(("flask", "litestar", "quart", "faststream"), frozenset({"run"})),
    **dict.fromkeys(("manage.py", "django-admin", "django"), frozenset({"runserver"})),
    **dict.fromkeys(("rq", "taskiq"), frozenset({"worker", "scheduler"})),
}
_ASGI_SERVERS: Mapping[str, str] = {
    **{name: name for name in ("uvicorn", "hypercorn", "granian", "daphne")},
    "fastapi": "uvicorn",
}
_ASGI_WORKERS: Mapping[str, str] = {
    "uvicorn.workers": "uvicorn",
    "uvicorn_worker": "uvicorn",
    "gunicorn.workers.gasgi": "gunicorn",
}
_CONSOLES = frozenset({"ipython", "ipython3", "IPython", "ipykernel_launcher", "ipykernel", "ptpython", "bpython"})
_TESTERS = frozenset({"_pytest", "starlette.testclient", "asgi_lifespan"})


class _Process:
    """What was learned of this process while it ran."""

    serves = False


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


def serves(command: Sequence[str] | None = None) -> bool:
    """Whether this process is a server or one of a server's workers, as far as command lines tell.

    A child that multiprocessing spawned has its parent's arguments in `sys.argv`, once they have arrived.

    Args:
        command: The interpreter's whole command line; this process's own by default, and its parent's.
    """
    if command is not None:
        return _serves(tuple(command))
    return _Process.serves or _serves(tuple(sys.orig_argv)) or _serves(("python", *getattr(sys, "argv", ())))


def asgi_server() -> str | None:
    """Return the server of ASGI applications that this process's program is; with gunicorn its workers' class decides."""
    for command in (sys.orig_argv, ("python", *getattr(sys, "argv", ()))):
        program = _split(command)[1]
        if program in _ASGI_SERVERS:
            return _ASGI_SERVERS[program]
        if program == "gunicorn":
            return next((server for module, server in _ASGI_WORKERS.items() if module in sys.modules), None)
    return None


def begin_to_serve() -> None:
    """Say that a server has begun in this process, whatever its command line is; in a test it is the test's."""
    _Process.serves = not _TESTERS.intersection(sys.modules)


def is_interactive() -> bool:
    """Whether a person types this process's program: at Python's own prompt, IPython's, or a notebook's."""
    if sys.flags.interactive or sys.flags.inspect or hasattr(sys, "ps1"):
        return True
    code, program, _ = _split(sys.orig_argv)
    return program in _CONSOLES or (not code and not program and sys.stdin is not None and sys.stdin.isatty())


@lru_cache(maxsize=8)
def _serves(command: tuple[str, ...]) -> bool:
    _, program, arguments = _split(command)
    commands = _SERVERS.get(program)
    return commands is not None and (not commands or not commands.isdisjoint(arguments))


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
            path = PurePath(item)
            return "", path.parent.name if path.name == "__main__.py" else path.name, rest
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
