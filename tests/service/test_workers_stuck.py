# SPDX-License-Identifier: Apache-2.0
"""A worker that does not answer: the scrape goes on without waiting, and /health says so."""

import http.client
import signal
import threading
import time

from support.fleet import Fleet, kill

TIMEOUT_SECONDS = 0.5
# By default uvicorn kills a worker that has not answered for 5 s, as on a machine that has more to do.
PATIENT = ["--timeout-worker-healthcheck", "120"]


def test_a_worker_that_hangs_delays_no_scrape_and_keeps_its_last_samples():
    with Fleet("uvicorn workers", options=PATIENT) as fleet:
        fleet.send(100)
        fleet.until(lambda: fleet.counted()["prometheus_client"] == 100, "all counted")
        pid = fleet.pids()[0]
        kill(pid, signal.SIGSTOP)
        try:
            first, waited = timed(fleet)
            assert first == dict.fromkeys(("http", "otel", "prometheus_client", "histogram"), 100)
            assert waited < TIMEOUT_SECONDS + 1
            # Nobody waits for it a second time.
            rounds = [timed(fleet) for _ in range(3)]
            assert [counted for counted, _ in rounds] == [first] * 3
            assert min(waited for _, waited in rounds) < TIMEOUT_SECONDS
            fleet.until(lambda: fleet.workers("stuck") == 1, "a stuck worker")
            status, health = fleet.health_answer()
            assert (status, health["status"]) == (503, "stuck")
            assert [worker["pid"] for worker in health["workers"].values() if worker["state"] == "stuck"] == [pid]
        finally:
            kill(pid, signal.SIGCONT)
        fleet.until(lambda: fleet.workers("stuck") == 0, "recovery")
        assert fleet.health_answer()[0] == 200


def test_an_event_loop_that_stands_still_shows_although_its_parent_is_idle():
    with Fleet("uvicorn workers", options=PATIENT) as fleet:
        blocked = threading.Thread(target=fleet.get, args=("/block?seconds=8",), kwargs={"timeout": 30})
        blocked.start()
        fleet.until(lambda: fleet.health_answer()[0] == 503, "a stuck event loop")
        assert fleet.scrape().value("otel_distro_event_loop_lag_seconds") > 1
        blocked.join()
        fleet.until(lambda: fleet.health_answer()[0] == 200, "recovery")


def test_the_event_loop_of_a_single_process_is_watched_too():
    with Fleet("uvicorn") as fleet:
        blocked = threading.Thread(target=fleet.get, args=("/block?seconds=7",), kwargs={"timeout": 30})
        blocked.start()
        fleet.until(lambda: fleet.health_answer()[0] == 503, "a stuck event loop")
        blocked.join()
        fleet.until(lambda: fleet.health_answer()[0] == 200, "recovery")


def test_slow_and_many_connections_keep_nobody_from_the_admin_port():
    with Fleet("uvicorn") as fleet:
        host = fleet.admin_url.removeprefix("http://")
        dawdlers = [http.client.HTTPConnection(host, timeout=20) for _ in range(150)]
        for dawdler in dawdlers:
            dawdler.connect()
            dawdler.sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        fleet.send(10)
        assert fleet.counted()["http"] == 10
        # All are closed without an answer, the last of them by its deadline.
        assert [dawdler.sock.recv(1) for dawdler in dawdlers] == [b""] * 150
        for dawdler in dawdlers:
            dawdler.close()


def timed(fleet):
    start = time.monotonic()
    counted = fleet.counted()
    return counted, time.monotonic() - start
