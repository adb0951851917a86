# SPDX-License-Identifier: Apache-2.0
"""Workers that end, in order or not, take nothing from the total."""

import signal
import threading

import pytest
from support.fleet import Fleet, kill

# Those that start a new worker in place of a killed one; hypercorn ends as a whole.
RESPAWNING = ["uvicorn workers", "gunicorn uvicorn", "gunicorn preload", "gunicorn asgi", "granian"]


class Watcher(threading.Thread):
    """Scrapes without pause, and keeps the HTTP total of every page."""

    def __init__(self, fleet):
        super().__init__(name="watcher")
        self.totals = []
        self._fleet = fleet
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(0.02):
            self.totals.append(self._fleet.counted()["http"])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._fleet.until(lambda: len(self.totals) > 10 or not self.is_alive(), "ten scrapes")
        self._over.set()
        self.join()
        assert len(self.totals) > 10
        assert self.totals == sorted(self.totals), "a total fell"


@pytest.mark.parametrize("server", RESPAWNING)
def test_a_killed_worker_leaves_its_requests_in_the_total(server):
    with Fleet(server) as fleet:
        fleet.send(150)
        with Watcher(fleet):
            (pid, *_) = fleet.send(150)
            kill(pid, signal.SIGKILL)
            fleet.until(lambda: pid not in fleet.pids(), "end of the killed worker")
            # At once: what the worker served in its last instant is counted too.
            assert fleet.counted()["http"] == 300
            assert fleet.counted()["otel"] == 300
            fleet.wait_for_workers(3)
            fleet.send(30)
        assert fleet.counted()["http"] == 330


def test_a_killed_worker_loses_at_most_its_last_second_of_what_only_it_can_tell():
    with Fleet("uvicorn workers") as fleet:
        (pid, *_) = fleet.send(150)
        fleet.until(lambda: fleet.counted()["prometheus_client"] == 150, "all counted")
        kill(pid, signal.SIGKILL)
        fleet.until(lambda: pid not in fleet.pids(), "end of the killed worker")
        assert fleet.counted() == dict.fromkeys(("http", "otel", "prometheus_client", "histogram"), 150)


@pytest.mark.parametrize(
    ("server", "option"),
    [
        ("gunicorn uvicorn", "--max-requests"),
        ("gunicorn asgi", "--max-requests"),
        ("uvicorn workers", "--limit-max-requests"),
    ],
)
def test_recycled_workers_lose_nothing(server, option):
    with Fleet(server, options=[option, "40"]) as fleet:
        before = set(fleet.pids())
        with Watcher(fleet):
            sent = served(fleet, 300)
            for _ in range(50):  # the kernel shares connections out unevenly: until each worker has had its forty
                if before.isdisjoint(fleet.pids()):
                    break
                sent += served(fleet, 20)
            fleet.until(lambda: before.isdisjoint(fleet.pids()), "recycling of every worker")
            fleet.wait_for_workers(3)
        expected = dict.fromkeys(("http", "otel", "prometheus_client", "histogram"), sent)
        fleet.until(lambda: fleet.counted() == expected, f"{expected}, but {fleet.counted()}")


@pytest.mark.parametrize("server", ["gunicorn uvicorn", "gunicorn asgi"])
def test_a_reload_by_hup_loses_nothing(server):
    with Fleet(server) as fleet:
        before = set(fleet.pids())
        fleet.send(100)
        with Watcher(fleet):
            fleet.send_signal(signal.SIGHUP)
            fleet.until(lambda: before.isdisjoint(fleet.pids()), "new workers")
            fleet.wait_for_workers(3)
            fleet.send(100)
        assert fleet.counted() == dict.fromkeys(("http", "otel", "prometheus_client", "histogram"), 200)


def served(fleet, count):
    """Send requests, again where a worker that is being recycled refuses; return how many were answered."""
    answered = 0
    while answered < count:
        try:
            fleet.get("/count")
            answered += 1
        except OSError:
            continue
    return answered
