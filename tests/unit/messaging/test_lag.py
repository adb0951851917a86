# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of lag, and how long a measurement stands. Real brokers are asked in tests/messaging."""

import pytest

from otel_distro.messaging.lag import Lags, Partition, behind


@pytest.mark.parametrize(
    ("partitions", "reset", "lag"),
    [
        ([], "earliest", None),
        ([Partition(3, 0, 10)], "latest", 7),
        ([Partition(3, 0, 10), Partition(5, 0, 5)], "latest", 7),
        ([Partition(1, 8, 10)], "latest", 2),  # retention has deleted up to 8
        ([Partition(12, 0, 10)], "latest", 0),  # committed between the two questions, or the topic is a new one
        ([Partition(None, 4, 10)], "earliest", 6),
        ([Partition(None, 4, 10)], "latest", None),
        ([Partition(None, 4, 10)], "none", None),
        ([Partition(None, 4, 10), Partition(9, 4, 10)], "latest", 1),
        ([Partition(0, 0, 0)], "latest", 0),
    ],
)
def test_how_many_messages_wait(partitions, reset, lag):
    assert behind(partitions, reset) == lag


def told(lags: Lags) -> dict[str, float]:
    return {labels: point.value for family in lags.families() for labels, point in family.points.items()}


def test_what_is_not_known_any_more_is_not_told():
    lags = Lags(30)
    lags.measured("a", "g", 5, consumer=1)
    lags.measured("b", "g", 0, consumer=2)
    assert told(lags) == {'consumer_group="g",topic="a"': 5.0, 'consumer_group="g",topic="b"': 0.0}
    assert [family.policy for family in lags.families()] == ["last"]
    lags.measured("a", "g", None, consumer=1)
    assert told(lags) == {'consumer_group="g",topic="b"': 0.0}
    lags.left(2)
    assert told(lags) == {}


def test_a_measurement_grows_old(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("otel_distro.messaging.lag.time.monotonic", lambda: now[0])
    lags = Lags(10)
    lags.measured("a", "g", 5, consumer=1)
    now[0] += 30
    assert len(told(lags)) == 1
    now[0] += 0.1
    assert told(lags) == {}


def test_trouble_is_said_once_for_each_group(caplog: pytest.LogCaptureFixture):
    lags = Lags(10)
    for _ in range(3):
        lags.failed("g", ConnectionError("gone"))
        lags.failed("h", TimeoutError())
    assert [(record.consumer_group, record.reason) for record in caplog.records] == [
        ("g", "ConnectionError('gone')"),
        ("h", "TimeoutError()"),
    ]


def test_processes_measure_at_different_moments():
    waits = {Lags(10).seconds_to_wait() for _ in range(50)}
    assert len(waits) > 10
    assert min(waits) >= 9
    assert max(waits) <= 11


def test_there_is_an_end_to_series():
    lags = Lags(10)
    for number in range(1500):
        lags.measured(f"t{number}", "g", 1, consumer=1)
    assert len(told(lags)) == 1000
