# SPDX-License-Identifier: Apache-2.0
"""Workers whose parent has no telemetry, since the application starts it by `otel_distro.start()`, find each other.

`uvicorn --workers 4` imports the application in its workers only, so nobody leaves word for them. What they have in common
is their parent: its pid, when it was started, and its environment, which only its own user can read. The name of their
socket and their token are made of that. The first of them owns the admin port.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from otel_distro.roles import Role
from otel_distro.settings.model import Settings
from otel_distro.workers.handshake import Handshake, identity

_STARTED_AT = 19  # of the fields of /proc/<pid>/stat behind the program's name: starttime


def is_forked_worker() -> bool:
    """Whether a server has forked this process: gunicorn's workers have the command line of their master."""
    own, parent = _read(os.getpid(), "cmdline"), _read(os.getppid(), "cmdline")
    return bool(own) and own == parent


def role_from_code(role: Role) -> Role:
    """Return the role of a process in which the application calls `start()`: it is at work there, so no mere parent."""
    return Role.WORKER if role in {Role.SUPERVISOR, Role.RELOADER} and is_forked_worker() else role


def shared_handshake(settings: Settings) -> Handshake | None:
    """Return what all children of this process's parent agree on; None where the system does not tell it (Linux does)."""
    parent = os.getppid()
    secret, stat = _read(parent, "environ"), _read(parent, "stat")
    if not secret or parent <= 1:
        return None
    started = stat.rpartition(b")")[2].split()[_STARTED_AT]
    seed = b"\0".join([identity(settings).encode(), str(parent).encode(), started, secret])
    socket, token = (hashlib.sha256(name + seed).hexdigest()[:32] for name in (b"socket", b"token"))
    return Handshake(parent, f"otel-distro-{socket}", token, identity(settings))


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
