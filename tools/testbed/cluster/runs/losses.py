# SPDX-License-Identifier: Apache-2.0
"""Lines that a pod prints, counted in the store while agent, gateway and node are ended without a word."""

from __future__ import annotations

import json
import time
from typing import Final

from testbed.cluster.kubernetes import Cluster, eventually
from testbed.cluster.setting import await_count, count

_WRITER: Final = """
import json, sys, time
for number in range({lines}):
    print(json.dumps({{"service": "{name}", "message": "line", "number": number, "padding": "x" * 150}}), flush=True)
    if number % {burst} == 0:
        time.sleep(0.1)
time.sleep(1000000)
"""
ROTATED: Final = 40_000
CUT: Final = 30_000
RATE: Final = 400  # lines a second
PAUSE_SECONDS: Final = 20


def write(cluster: Cluster, name: str, lines: int, rate: int, node: str = "") -> None:
    """Start a pod that prints so many numbered lines of a service of its own name, so many a second."""
    script = _WRITER.format(lines=lines, name=name, burst=rate // 10)
    container = {"name": name, "image": "localhost/chat:0.1.0", "command": ["python3", "-c", script]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0, "restartPolicy": "Never"}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
        spec["tolerations"] = [{"operator": "Exists"}]
    labels = {"app.kubernetes.io/name": name}
    cluster.apply(
        json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec})
    )


def distinct(name: str) -> str:
    """Return the query of a service's lines, those that came twice counted once."""
    return f'service.name:="{name}" | uniq by (number)'


def rotation(cluster: Cluster) -> str:
    """The kubelet rotates at 1 MiB, every ten seconds or so, and compresses; the agent is killed again and again meanwhile.

    Never for two rotations: what is compressed before it was read is not read any more (docs/collector.md).
    """
    write(cluster, "rotated", ROTATED, RATE)
    kills, end = 0, time.monotonic() + ROTATED / RATE
    while time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)
        cluster.kubectl("-n", "monitoring", "delete", "pod", "-l", _AGENT, "--force", "--grace-period=0")
        kills += 1
    found = await_count(cluster, distinct("rotated"), ROTATED, 180)
    files = len(list((cluster.places.node(1) / "var" / "log" / "pods").glob("default_rotated_*/rotated/*")))
    cluster.kubectl("delete", "pod", "rotated", "--force", "--grace-period=0")
    if found != ROTATED:
        raise AssertionError(f"{found} of {ROTATED} lines, the agent killed {kills} times, {files} files")
    return f"{found:,} of {ROTATED:,} lines, the agent killed {kills} times, {files} files at the end"


_AGENT: Final = "app.kubernetes.io/component=agent"


def power_cut(cluster: Cluster) -> str:
    """The second node loses its power under load, and comes back; what was in its files has to arrive."""
    write(cluster, "cut", CUT, RATE, "node2")
    eventually(lambda: count(cluster, distinct("cut")) > CUT // 5, 120, "lines of node2")
    cluster.nodes[2].kill()
    time.sleep(5)
    pods = cluster.places.node(2) / "var" / "log" / "pods"
    written = {line for path in pods.glob("default_cut_*/cut/*.log*") for line in path.read_bytes().splitlines()}
    before = sum(b'"number"' in line and line.endswith(b"}") for line in written)
    cluster.join(2)
    found = await_count(cluster, distinct("cut"), before, 240)
    cluster.kubectl("delete", "pod", "cut", "--force", "--grace-period=0")
    if found < before:
        raise AssertionError(f"{found} of {before} lines that were in the node's files")
    return f"{before:,} lines in the node's files when it lost its power, {found:,} found"
