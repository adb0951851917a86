# SPDX-License-Identifier: Apache-2.0
"""The benchmark's arithmetic, and its sender: what a figure may and may not depend on."""

import random
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench import page
from bench.apps import log_setups
from bench.judged import Figure, of_all, of_setup, worst
from bench.load import Load
from bench.paced import send
from bench.pairs import Measured, Pair, added, quotient, slower
from bench.variants import NO_LINES, PARTS, SETUPS, VARIANTS

BARE, OURS, OTHER = 100.0, 150.0, 300.0
MEMORY = {"bare": 50.0, "ours": 55.0}


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


def servers(costs, variants=VARIANTS):
    """Return what each variant's server showed, on a machine that is quiet; those that are not named cost 200."""
    return {
        each.name: Measured(rounds(costs.get(each.name, 200.0), [1.0] * 3), MEMORY.get(each.name, 60.0))
        for each in variants
    }


def test_each_ratio_of_the_bar_is_the_worst_of_all_set_ups():
    cheap, dear = servers({"ours": 150.0, "upstream": 1000.0}), servers({"ours": 190.0, "upstream": 1500.0})
    found = {
        figure.what: (figure.setup, round(figure.value, 2))
        for figure in worst({"a": of_setup(cheap), "b": of_setup(dear)})
    }
    assert found["added CPU ÷ the metrics-only stack's"] == ("b", 0.9)
    assert found["upstream's added CPU ÷ ours"] == ("b", 15.56)
    assert found["ddtrace's added CPU ÷ ours"] == ("b", 1.11)
    assert found["unsampled ÷ sampled, added CPU"] == ("a", 2.0)


def test_what_was_not_measured_is_not_judged():
    some = {name: row for name, row in servers({}).items() if name in {"bare", "ours", "metrics-only stack"}}
    assert [figure.what for figure in of_setup(some)] == [
        "added CPU ÷ the metrics-only stack's",
        "p99 at saturation ÷ bare's",
    ]


def test_the_page_has_every_set_up_and_every_variant():
    """From figures that are made up: what `make bench` writes fits what it measures."""
    start = {"milliseconds": 1.0, "least milliseconds": 1.0, "megabytes": 1.0}
    times = {
        name: [value] * 6 for name, value in {"bare": 10.0, "ours": 15.0, "upstream": 40.0, "contrib": 40.0}.items()
    }
    ways = {"plain": start, **{name: {**start, "milliseconds": value} for name, value in WAYS.items()}}
    found = {
        "rate": 300,
        "shown": SETUPS[1],
        "setups": {setup: servers({"ours": 150.0}) for setup in SETUPS},
        "no lines": servers({}),
        "parts": servers({}, PARTS),
        "paced": servers({}),
        "lines": dict.fromkeys(SETUPS, times),
        "log lines": {"nanoseconds per call": {"ours": 1000}, "line ÷ bar (must 1.1, aim 0.8)": 0.6},
        "calls": {"in process": times},
        "start-up": ways,
        "start-up, split": {"ratio: ours ÷ upstream": 0.5},
        "program": "pass",
        "routes": {5: servers({})},
    }
    text = page.page(found)
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        f"### {each}" for each in (*SETUPS, "No lines")
    ]
    assert text.count("\n| ddtrace |") == len(SETUPS) + 2
    assert text.count("\n| elastic |") == 1
    assert len(of_all(found)) == 11
    assert text.count("≤") + text.count("≥") == 2 * 11


WAYS = {"upstream": 11.0, "ours": 6.0, "ours, otel-distro run": 3.0}


def test_the_application_knows_every_set_up():
    assert tuple(log_setups.SETUPS) == (*SETUPS, NO_LINES)


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
