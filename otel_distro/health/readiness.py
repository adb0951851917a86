# SPDX-License-Identifier: Apache-2.0
"""From phases and checks to one answer: can this service be sent requests?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from otel_distro.ground.phase import Phase
from otel_distro.health.found import Checked, Found

READY_STATES = frozenset({"ok", "degraded"})
_CAN_SERVE = frozenset({Phase.SERVING, Phase.UNKNOWN})


def readiness(phases: Collection[Phase], checked: Checked, *, stuck: bool) -> dict[str, Any]:
    """Return the answer.

    Args:
        phases: Of each process that serves.
        checked: By name: what was found last, None before the first answer, and whether the service can do without.
        stuck: Whether an event loop does not turn.

    Returns:
        `status`: ok, degraded, unavailable, stuck, starting or stopping; `checks`: name -> up, down or unknown;
        `details`: name -> why it is down, and how long the check took.
    """
    checks = {name: _word(found) for name, (found, _) in checked.items()}
    details = {name: _detail(found) for name, (found, _) in checked.items() if found is not None}
    answer: dict[str, Any] = {"status": _status(phases, checked, stuck=stuck), "checks": checks}
    return {**answer, "details": details} if details else answer


def _status(phases: Collection[Phase], checked: Checked, *, stuck: bool) -> str:
    required = [_word(found) for found, optional in checked.values() if not optional]
    if not _CAN_SERVE.intersection(phases):
        return "stopping" if Phase.STOPPING in phases else "starting"
    if stuck:
        return "stuck"
    if "down" in required:
        return "unavailable"
    if "unknown" in required:
        return "starting"
    return "degraded" if any(_word(found) == "down" for found, _ in checked.values()) else "ok"


def _word(found: Found | None) -> str:
    return "unknown" if found is None else "up" if found.reason is None else "down"


def _detail(found: Found) -> dict[str, Any]:
    took = {"milliseconds": round(found.seconds * 1000, 1)}
    return took if found.reason is None else {"reason": found.reason, **took}
