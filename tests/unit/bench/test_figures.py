# SPDX-License-Identifier: Apache-2.0
"""The benchmark's arithmetic, and its sender: what a figure may and may not depend on."""

import random
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from judged import Figure
from load import Load
from paced import send
from pairs import Pair, added, quotient, slower

BARE, OURS, OTHER = 100.0, 150.0, 300.0


def rounds(cost, speeds):
    """Return pairs on a machine that is so many times slower in each round."""
    return [Pair(*(Load(cpu * speed, 1.0, cpu * speed) for cpu in (cost, BARE, BARE))) for speed in speeds]


def test_a_machine_that_grows_slower_and_faster_changes_no_ratio():
    ups_and_downs = [random.Random(1).uniform(1, 3) for _ in range(20)]
    found = quotient(rounds(OURS, ups_and_downs), rounds(OTHER, ups_and_downs[::-1]))
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert slower(rounds(OURS, ups_and_downs)).value == pytest.approx(1.5)


def test_noise_that_hits_single_loads_is_said():
    noise = random.Random(2)
    noisy = [Pair(Load(OURS + noise.gauss(0, 30), 1, 1), Load(BARE, 1, 1), Load(BARE, 1, 1)) for _ in range(20)]
    found = added(noisy)
    assert found.low < found.value < found.high
    assert 5 < found.high - found.low < 60
    assert added(noisy) == found
    assert found.between(0).count("…") == 1
    assert added(noisy[:4]).between(0) == ""


@pytest.mark.parametrize(
    ("value", "high", "verdict"),
    [(0.5, False, "aim reached"), (0.9, False, "reached"), (1.1, False, "missed"), (15, True, "aim reached")],
)
def test_the_bar_is_judged_by_its_direction(value, high, verdict):
    must, aim = (8, 14) if high else (1, 0.6)
    assert Figure("a ratio", value, must, aim, high).verdict() == verdict


@contextmanager
def stalling(seconds):
    """Serve; the first answer takes so long, and all others wait for it."""
    turn, stalled = threading.Lock(), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with turn:
                if not stalled:
                    stalled.append(time.sleep(seconds))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_stall_counts_for_every_request_that_was_due_meanwhile():
    with stalling(0.4) as url:
        taken = send(url, rate=100, seconds=1)
    assert len(taken) == 100
    # Due in the first 0.2 s, answered after 0.4: a sender that waits for its answers would have sent 16 of them.
    assert sum(seconds >= 0.2 for seconds in taken) >= 20
