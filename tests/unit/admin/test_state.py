# SPDX-License-Identifier: Apache-2.0
"""What a member says of itself: a forged answer says nothing."""

import json

import pytest

from otel_distro.ground.phase import Phase
from otel_distro.workers.state import MAX_CHECKS, State, pack, unpack


def test_what_is_packed_comes_out():
    state = State(0.25, Phase.SERVING, {"db": ("refused", 0.5, True), "cache": (None, -1.0, False)})
    assert unpack(json.loads(json.dumps(pack(state)))) == state


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"lag": "x", "phase": 7, "checks": []},
        {"lag": float("nan"), "phase": None, "checks": {"db": None}},
        {"lag": [], "phase": "gone", "checks": {"db": [1, "x", 0]}},
    ],
)
def test_what_was_not_packed_says_nothing(message):
    assert unpack(message) == State(None, Phase.UNKNOWN, {})


def test_a_member_cannot_say_more_than_fits():
    many = {f"{number:06}" * 50: ["r" * 1000, 0.1, False] for number in range(10_000)}
    checks = unpack({"phase": "serving", "checks": many}).checks
    assert len(checks) == MAX_CHECKS
    assert {len(name) <= 200 and len(reason) == 200 for name, (reason, _, _) in checks.items()} == {True}
