# SPDX-License-Identifier: Apache-2.0
"""Requests from a pod while something happens to the service: how many were asked, and which failed."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Final

from testbed.cluster.kubernetes import Cluster

_SCRIPT: Final = """
import collections, http.client, json, sys, threading, time
host, port, rate, body = "{host}", 8000, {rate}, json.dumps({{"text": "hello", "user_id": "ada"}})
seen, lock, end = collections.Counter(), threading.Lock(), time.monotonic() + {seconds}
def ask():
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection(host, port, timeout=10)
            connection.request("POST", "/rooms/lobby/messages", body, {{"content-type": "application/json"}})
            answer = connection.getresponse(); text = answer.read(); connection.close()
            what = str(answer.status) if answer.status < 400 else f"{{answer.status}} {{text[:120]!r}}"
        except Exception as error:
            what = type(error).__name__ + " " + str(error)
        with lock:
            seen[what] += 1
        time.sleep(max(0, 5 / rate - (time.monotonic() - began)))
threads = [threading.Thread(target=ask) for _ in range(5)]
[t.start() for t in threads]; [t.join() for t in threads]
print(json.dumps(seen))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of requests.

    Attributes:
        asked: how many there were.
        failed: what was answered in place of 200, and how often.
    """

    asked: int
    failed: dict[str, int]

    def __str__(self) -> str:
        """`0 of 600 failed`."""
        return f"{sum(self.failed.values())} of {self.asked} failed{f': {self.failed}' if self.failed else ''}"


class Traffic:
    """Messages to the chat example, each on a connection of its own, from five threads of the pod `client`."""

    def __init__(self, cluster: Cluster, seconds: float, rate: float = 15, host: str = "chat-api") -> None:
        script = _SCRIPT.format(host=host, rate=rate, seconds=seconds)
        command = [cluster.places.part("kubectl"), f"--kubeconfig={cluster.places.kubeconfig}"]
        command += ["exec", "client", "--", "python3", "-c", script]
        self._process = subprocess.Popen(
            cluster.nodes[1].network(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def outcome(self) -> Outcome:
        """Wait for the end.

        Raises:
            RuntimeError: the client itself failed.
        """
        said, _ = self._process.communicate(timeout=600)
        if self._process.returncode:
            raise RuntimeError(f"the client failed: {said[-2000:]}")
        seen = json.loads(said.splitlines()[-1])
        return Outcome(sum(seen.values()), {what: times for what, times in seen.items() if what != "200"})
