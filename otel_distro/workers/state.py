# SPDX-License-Identifier: Apache-2.0
"""What a member says of itself beside its samples: how late its event loop is, its phase, the application's own checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from otel_distro.ground.phase import Phase

MAX_CHECKS, LONGEST_TEXT = 64, 200

Reported = tuple["str | None", float, bool]


class State(NamedTuple):
    """The state of one process.

    Attributes:
        lag: How late its event loop is, in seconds; None without one.
        phase: Where it stands between its start and its end.
        checks: By name: why it fails (None if it does not), how many seconds it took (-1 before the first answer), and
            whether the service can do without.
    """

    lag: float | None = None
    phase: Phase = Phase.STARTING
    checks: Mapping[str, Reported] = {}


def pack(state: State) -> dict[str, Any]:
    """Return a state as members of a JSON object."""
    checks = {"checks": state.checks} if state.checks else {}
    return {"lag": state.lag, "phase": state.phase.value, **checks}


def unpack(message: Mapping[str, Any]) -> State:
    """Return the state that a message has; whatever is not as `pack` makes it says nothing."""
    lag, checks = message.get("lag"), message.get("checks")
    try:
        phase = Phase(message.get("phase"))
    except ValueError:
        phase = Phase.UNKNOWN
    finite = isinstance(lag, (int, float)) and math.isfinite(lag)
    found = list(checks.items())[:MAX_CHECKS] if isinstance(checks, dict) else []
    reported = {name[:LONGEST_TEXT]: told for name, fields in found if (told := _reported(fields)) is not None}
    return State(lag if finite else None, phase, reported)


def _reported(fields: Any) -> Reported | None:
    try:
        reason, seconds, optional = fields
        return None if reason is None else str(reason)[:LONGEST_TEXT], float(seconds), bool(optional)
    except (TypeError, ValueError):
        return None
