# SPDX-License-Identifier: Apache-2.0
"""The owner of the admin port ends before its workers: one of the others takes its place, and its counts."""

import os
import signal
from pathlib import Path

import pytest
from support.fleet import Fleet, kill


def test_orphaned_workers_go_on_from_what_the_killed_parent_knew():
    with Fleet("uvicorn workers") as fleet:
        (first, *_) = fleet.send(100)
        kill(first, signal.SIGKILL)
        fleet.until(lambda: first not in fleet.pids(), "end of the first worker")
        fleet.wait_for_workers(3)
        fleet.send(100)
        orphans = set(fleet.pids())
        fleet.kill_alone()
        fleet.until(lambda: fleet.health()["workers"] != {}, "a new owner with members")
        fleet.until(lambda: len(fleet.pids()) == 2, "the other orphans' registration")
        assert set(fleet.pids()) < orphans
        fleet.send(50)
        assert fleet.counted()["http"] == 250
        for pid in orphans:
            kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("server", ["gunicorn uvicorn", "gunicorn asgi"])
def test_an_upgrade_by_usr2_loses_nothing(server, tmp_path):
    pidfile = tmp_path / "pid"
    with Fleet(server, options=["--pid", str(pidfile)]) as fleet:
        fleet.send(100)
        fleet.send_signal(signal.SIGUSR2)
        fleet.until(lambda: len(fleet.pids()) == 7, "the new master and its three workers")
        fleet.send(100)
        assert fleet.counted()["http"] == 200
        successor = int(Path(f"{pidfile}.2").read_text())
        fleet.send_signal(signal.SIGQUIT)
        fleet.until(lambda: fleet.exit_code is not None, "end of the old master")
        try:
            fleet.until(lambda: len(fleet.pids()) == 3, "the new master's own /metrics")
            fleet.send(100)
            assert fleet.counted()["http"] == 300
        finally:
            os.kill(successor, signal.SIGTERM)
