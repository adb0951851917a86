# SPDX-License-Identifier: Apache-2.0
"""Whether this process serves already, and still: what readiness asks, and liveness never."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

YOUNG_SECONDS = 2.0


class Phase(Enum):
    """Where a process stands between its start and its end."""

    UNKNOWN = "unknown"  # no server says anything: a consumer, a WSGI worker
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"


class _Process:
    """What this process knows of itself."""

    began = time.monotonic()
    server: Callable[[], Phase] | None = None
    phase = Phase.UNKNOWN
    will_be_told: Callable[[float], bool] | None = None


def expect(will_be_told: Callable[[float], bool]) -> None:
    """Wait for a phase while this says so: it gets the seconds since the process began."""
    _Process.will_be_told = will_be_told


def ask(server: Callable[[], Phase]) -> None:
    """Ask a server that knows its phase from now on."""
    _Process.server = server


def enter(phase: Phase) -> None:
    """Say which phase this process is in, as far as its application or a signal tells."""
    _Process.phase = phase


def forget() -> None:
    """Know nothing: in a forked child, whose parent's phase is not its own."""
    _Process.began, _Process.server, _Process.phase = time.monotonic(), None, Phase.UNKNOWN


def current() -> Phase:
    """Return this process's phase: it is starting while somebody may still tell which it is."""
    if _Process.phase is Phase.STOPPING:
        return Phase.STOPPING
    phase = _Process.phase if _Process.server is None else _Process.server()
    return Phase.STARTING if phase is Phase.UNKNOWN and _may_be_told() else phase


def _may_be_told() -> bool:
    age = time.monotonic() - _Process.began
    return age < YOUNG_SECONDS or (_Process.will_be_told is not None and _Process.will_be_told(age))
