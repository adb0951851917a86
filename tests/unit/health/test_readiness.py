# SPDX-License-Identifier: Apache-2.0
"""Phases and checks make one answer."""

import pytest

from otel_distro.ground.phase import Phase
from otel_distro.health.found import Found
from otel_distro.health.readiness import READY_STATES, readiness

UP, DOWN = Found(None, 0.001), Found("connection refused", 0.002)
SERVING, STARTING, STOPPING, UNKNOWN = Phase.SERVING, Phase.STARTING, Phase.STOPPING, Phase.UNKNOWN


@pytest.mark.parametrize(
    ("phases", "checked", "status"),
    [
        ([SERVING], {}, "ok"),
        ([UNKNOWN], {}, "ok"),
        ([], {}, "starting"),
        ([STARTING, STARTING], {}, "starting"),
        ([STARTING, SERVING], {}, "ok"),
        ([STOPPING, SERVING], {}, "ok"),
        ([STOPPING, STARTING], {}, "stopping"),
        ([STOPPING], {"db": (DOWN, False)}, "stopping"),
        ([SERVING], {"db": (UP, False)}, "ok"),
        ([SERVING], {"db": (DOWN, False)}, "unavailable"),
        ([SERVING], {"db": (None, False)}, "starting"),
        ([SERVING], {"db": (None, False), "cache": (DOWN, False)}, "unavailable"),
        ([SERVING], {"db": (DOWN, True)}, "degraded"),
        ([SERVING], {"db": (None, True)}, "ok"),
        ([SERVING], {"db": (DOWN, True), "cache": (DOWN, False)}, "unavailable"),
    ],
)
def test_the_status(phases, checked, status):
    answer = readiness(phases, checked, stuck=False)
    assert answer["status"] == status
    assert (answer["status"] in READY_STATES) == (status in ("ok", "degraded"))


def test_a_stuck_event_loop_is_not_ready_whatever_the_checks_say():
    assert readiness([SERVING], {"db": (UP, False)}, stuck=True)["status"] == "stuck"


def test_the_answer_names_each_check_and_why_it_fails():
    answer = readiness([SERVING], {"db": (DOWN, False), "cache": (UP, False), "mail": (None, True)}, stuck=False)
    assert answer == {
        "status": "unavailable",
        "checks": {"db": "down", "cache": "up", "mail": "unknown"},
        "details": {"db": {"reason": "connection refused", "milliseconds": 2.0}, "cache": {"milliseconds": 1.0}},
    }
