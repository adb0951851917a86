# SPDX-License-Identifier: Apache-2.0
"""`active_ws_connections_total` of real servers: exact under workers, whatever ends a connection."""

import signal
import time
from contextlib import ExitStack

import pytest
from support.fleet import Fleet, kill
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

ASKED_FOR = {"OTEL_DISTRO_WEBSOCKET_CONNECTIONS": "true"}


def opened(fleet: Fleet) -> dict[str, float]:
    """Return how many are open, by type."""
    samples = fleet.scrape().samples("active_ws_connections_total")
    assert len({sample.labels["type"] for sample in samples}) == len(samples)  # one series each, no worker's own
    return {sample.labels["type"]: sample.value for sample in samples}


def until(fleet: Fleet, expected: dict[str, float]) -> None:
    deadline = time.monotonic() + 30
    while (found := {kind: count for kind, count in opened(fleet).items() if count}) != {
        kind: count for kind, count in expected.items() if count
    }:
        assert time.monotonic() < deadline, f"{found} and not {expected}"
        time.sleep(0.05)


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn workers"])
def test_open_websockets_are_counted_by_type_and_exactly(server):
    with Fleet(server, "talking:app", environment=ASKED_FOR) as fleet, ExitStack() as stack:
        url = f"ws://127.0.0.1:{fleet.port}"
        audio = [stack.enter_context(connect(f"{url}/ws/audio/{room}")) for room in range(12)]
        captions = [stack.enter_context(connect(f"{url}/inner/captions/{room}")) for room in range(5)]
        pids = {each: int(each.recv(20)) for each in (*audio, *captions)}
        until(fleet, {"audio": 12.0, "captions": 5.0})
        with pytest.raises(InvalidStatus):
            connect(f"{url}/ws/refused/1")
        captions[0].send("break")
        captions[1].close()
        audio[0].socket.close()  # gone without a word
        until(fleet, {"audio": 11.0, "captions": 3.0})
        if server == "uvicorn workers":
            victim = pids[audio[1]]
            kill(victim, signal.SIGKILL)
            fleet.until(lambda: victim not in fleet.pids(), "end of the worker")
            left = [sum(pids[each] != victim for each in some) for some in (audio[1:], captions[2:])]
            until(fleet, {kind: float(count) for kind, count in zip(("audio", "captions"), left, strict=True) if count})
        for each in (*audio[1:], *captions[2:]):
            each.close()
        until(fleet, dict.fromkeys(opened(fleet), 0.0))


def test_nobody_who_has_not_asked_has_the_series():
    with Fleet("uvicorn", "talking:app") as fleet, connect(f"ws://127.0.0.1:{fleet.port}/ws/audio/1") as websocket:
        websocket.recv(20)
        assert fleet.scrape().samples("active_ws_connections_total") == []
