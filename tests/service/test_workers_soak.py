# SPDX-License-Identifier: Apache-2.0
"""Real Prometheus watches four workers through recycling and kills: no counter falls, and the sums are right.

SOAK_SECONDS makes it longer than the twenty seconds of `make test`.
"""

import os
import random
import signal
import threading
import time
from http.client import HTTPException

import pytest
from support.fleet import Fleet, kill
from testbed.programs import program
from testbed.scraping import Prometheus

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
HTTP = 'http_server_request_duration_seconds_count{http_route="/count"}'
# Requests in a second at most, so that two cores can also serve everybody else.
RATE = 150


class Load(threading.Thread):
    """Sends requests one after the other, and counts answers and those that a dying worker took with it."""

    def __init__(self, fleet):
        super().__init__(name="load")
        self.answered = self.failed = 0
        self._fleet = fleet
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(1 / RATE):
            try:
                self._fleet.get("/count")
                self.answered += 1
            except (OSError, HTTPException):
                self.failed += 1

    def stop(self):
        self._over.set()
        self.join()


def increase_of(prometheus, counter, window):
    """Return increase() from the first sample to the last: a range that begins and ends there leaves nothing to guess."""
    (series,) = prometheus.get("query", query=f"{counter}{window}")["result"]
    (first, _), (last, _) = series["values"][0], series["values"][-1]
    milliseconds = round((last - first) * 1000) + 1  # the range leaves its beginning out
    (answer,) = prometheus.get("query", query=f"increase({counter}[{milliseconds}ms])", time=last)["result"]
    return float(answer["value"][1])


@pytest.fixture(scope="module")
def prometheus_program():
    """The binary, built before the clock runs."""
    return program("prometheus")


def test_no_counter_falls_and_the_increase_is_what_was_sent(prometheus_program, tmp_path):
    options = ["-w", "4", "--max-requests", "200", "--max-requests-jitter", "100"]
    with Fleet("gunicorn uvicorn", options=options) as fleet:
        target = fleet.admin_url.removeprefix("http://")
        with Prometheus(target, tmp_path, {"scrape_interval": "1s", "scrape_timeout": "1s"}) as prometheus:
            fleet.send(1)
            prometheus.until(lambda p: p.query(f"sum({HTTP})"))
            load, kills = Load(fleet), 0
            load.start()
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                time.sleep(random.uniform(1, 4))
                kill(random.choice(fleet.pids()), signal.SIGKILL)
                kills += 1
            load.stop()
            counted = fleet.counted()
            # A worker that is killed may have counted a request whose answer nobody got.
            assert load.answered + 1 <= counted["http"] <= load.answered + 1 + load.failed
            assert load.answered + 1 <= counted["otel"] <= load.answered + 1 + load.failed
            assert counted["prometheus_client"] >= load.answered + 1 - kills * RATE
            assert kills >= 3
            assert load.answered > 100
            prometheus.until(lambda p: p.query(f"sum({HTTP})") == counted["http"])
            window = f"[{int(SECONDS) + 60}s]"
            for counter in (HTTP, "orders_total", "items_created_total", "process_cpu_seconds_total"):
                assert prometheus.query(f"sum(resets({counter}{window}))") == 0, counter
            # The first request is in the first sample: increase() counts from there.
            increase = increase_of(prometheus, HTTP, window)
            assert increase == pytest.approx(counted["http"] - 1, abs=1)
            print(
                f"{SECONDS:.0f} s, {kills} kills: {load.answered} answered, {load.failed} failed, increase {increase}"
            )
