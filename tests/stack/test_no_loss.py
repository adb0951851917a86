# SPDX-License-Identifier: Apache-2.0
"""Every numbered event is found in the store, whatever happened on the way; `make soak` runs the same for minutes.

Three writers run through each fault: a container's log rotated by rename, an application's file rotated by
copy-truncate, and an OTLP client that tries again until it is accepted.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.faulty_proxy import DOWN, HEALTHY
from testbed.no_loss import SCRIPTS, Count, Line, Script, Store
from testbed.server import eventually

EVENTS = 4000
RATE = 2000.0
FAULT_SECONDS = 2.0


@pytest.fixture
def line(tmp_path: Path, store: Store, request: pytest.FixtureRequest) -> Iterator[Line]:
    """A whole line of its own; parameters are further variables of the Collector."""
    with Line(tmp_path, store, EVENTS, RATE, getattr(request, "param", {})) as running:
        yield running


def assert_nothing_lost(counts: dict[str, Count]) -> None:
    """No number is missing; doubled is at most what the Collector had read since it last noted its place, per file.

    Equal records count once, so what is sent twice is seen twice only where a line has no time of its own.
    """
    assert len(counts) == 3
    assert [count.missing for count in counts.values()] == [0, 0, 0]
    assert max(count.doubled for count in counts.values()) <= EVENTS // 4


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_event_is_lost(line: Line, script: Script) -> None:
    """Through an outage of the store or of the Collector, with files rotated meanwhile, every number arrives."""
    script(line, FAULT_SECONDS)
    assert_nothing_lost(line.settle(60))


@pytest.mark.parametrize("line", [{"COLLECTOR_QUEUE_BYTES": "1500000"}], indirect=True, ids=["1.5 MB"])
@pytest.mark.parametrize("script", ["refused", "stopped-while-down"])
def test_a_full_queue_makes_the_senders_wait(line: Line, script: str) -> None:
    """When the disk queue is full, files are read later and OTLP clients are told to try again: nothing is dropped."""
    SCRIPTS[script](line, FAULT_SECONDS)
    assert_nothing_lost(line.settle(60))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_makes_the_senders_wait(tmp_path: Path, store: Store, small_disk: Path) -> None:
    """When the disk below the queue is full, it is as when the queue is: all arrives once there is room again."""
    storage = {"COLLECTOR_STORAGE": str(small_disk)}
    with Line(tmp_path / "line", store, EVENTS, RATE, storage) as line:
        line.proxy.fault = DOWN
        failed = "otelcol_exporter_enqueue_failed_log_records_total"
        eventually(lambda: line.collector.metrics().value(failed), 30.0)
        line.proxy.fault = HEALTHY
        assert_nothing_lost(line.settle(60))
