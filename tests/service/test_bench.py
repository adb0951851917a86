# SPDX-License-Identifier: Apache-2.0
"""The benchmark's driver, run for one short round: what it starts serves, by the set-up that is named, and is measured."""

import sys
from functools import partial
from pathlib import Path

import pytest
from bench import compare, setup_lines, variants
from bench.judged import of_setup
from bench.paced import pace
from bench.variants import BARE, METRICS_ONLY, OURS

COMPARED = (BARE, METRICS_ONLY, OURS)


@pytest.fixture(autouse=True)
def _environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All variants have the packages of the tests."""
    for variant in COMPARED:
        place = tmp_path / f"bench-{variant.environment}"
        if not place.exists():
            place.symlink_to(sys.prefix)
    monkeypatch.setattr(variants, "ENVIRONMENTS", tmp_path)


def test_servers_of_one_application_are_loaded_in_turn() -> None:
    with compare.running(COMPARED, "ProcessorFormatter") as servers:
        found = compare.measure(servers, 1, partial(pace, rate=20, seconds=1))
    assert {name: len(row.pairs) for name, row in found.items()} == {"bare": 1, "metrics-only stack": 1, "ours": 1}
    assert all(row.memory > 10 and pair.load.cpu > 0 for row in found.values() for pair in row.pairs)
    assert [figure.what for figure in of_setup(found)] == [
        "added CPU ÷ the metrics-only stack's",
        "p99 at saturation ÷ bare's",
    ]


def test_lines_of_one_set_up_are_counted() -> None:
    found = setup_lines.of_setup("PrintLogger, JSON", (BARE, OURS), rounds=2, lines=50)
    assert {name: len(times) for name, times in found.items()} == {"bare": 2, "ours": 2}
    assert min(times[-1] for times in found.values()) > 0
