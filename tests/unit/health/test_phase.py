# SPDX-License-Identifier: Apache-2.0
"""The phase of a process of which nobody says anything."""

import time

import pytest

from otel_distro.ground import phase
from otel_distro.ground.phase import YOUNG_SECONDS, Phase, _Process


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Process, "server", None)
    monkeypatch.setattr(_Process, "phase", Phase.UNKNOWN)
    monkeypatch.setattr(_Process, "will_be_told", None)
    monkeypatch.setattr(_Process, "began", time.monotonic())


def test_a_young_process_is_starting() -> None:
    assert phase.current() is Phase.STARTING


def test_an_old_process_that_nobody_will_tell_of_has_no_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Process, "began", time.monotonic() - YOUNG_SECONDS - 60)
    assert phase.current() is Phase.UNKNOWN


def test_an_old_process_is_starting_while_somebody_will_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Process, "began", time.monotonic() - YOUNG_SECONDS - 60)
    ages: list[float] = []
    monkeypatch.setattr(_Process, "will_be_told", lambda age: not ages.append(age))
    assert phase.current() is Phase.STARTING
    assert ages[0] >= YOUNG_SECONDS + 60
