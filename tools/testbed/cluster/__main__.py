# SPDX-License-Identifier: Apache-2.0
"""Run everything on a real cluster and a real engine: `python -m testbed.cluster [--write PAGE] [--keep] [RUN…]`.

Needs root, Linux, and what Debian calls containerd, runc, containernetworking-plugins, iptables, iproute2, busybox-static and
docker.io; it says what is missing. Without network: all programs are built once into the user's cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from testbed.cluster.engine import Engine
from testbed.cluster.kubernetes import Cluster
from testbed.cluster.runs import admitted, compose, disruption, losses, monitors, reach, releases, smoke
from testbed.cluster.setting import furnish, install, write_images
from testbed.programs import program
from testbed.programs.build import cache

PROGRAMS: Final = [
    "kube",
    "pause",
    "coredns",
    "etcd",
    "helm",
    "collector",
    "victoria-logs",
    "prometheus",
    "alertmanager",
    "operator",
    "prometheus-config-reloader",
    "docker-compose",
    "logql-grammar",
]
TOOLS: Final = [
    "unshare",
    "nsenter",
    "containerd",
    "ctr",
    "runc",
    "iptables",
    "ip6tables",
    "ip",
    "openssl",
    "busybox",
    "curl",
    "dockerd",
    "docker",
]
MARKS: Final = ("<!-- measured -->\n", "<!-- end -->\n")
Row = tuple[str, float, str]


def on_one_node(cluster: Cluster) -> dict[str, Callable[[], str]]:
    """Return the runs that need one node, in their order."""
    return {
        "smoke": lambda: smoke.smoke(cluster),
        "policies": lambda: reach.reach(cluster),
        "rolling restart": lambda: disruption.rolling(cluster),
        "rotation": lambda: losses.rotation(cluster),
        "monitors and rules": lambda: monitors.monitors(cluster),
        "restricted": lambda: admitted.restricted(cluster),
        "arbitrary user": lambda: admitted.arbitrary_user(cluster),
        "upgrade": lambda: releases.upgrade(cluster),
        "releases side by side": lambda: releases.two(cluster),
        "long names": lambda: releases.long_name(cluster),
        "ci/*.yaml": lambda: admitted.examples(cluster),
    }


def on_two_nodes(cluster: Cluster) -> dict[str, Callable[[], str]]:
    """Return the runs that need another node."""
    return {"drain": lambda: disruption.drain(cluster), "power cut": lambda: losses.power_cut(cluster)}


def measured(wanted: list[str], home: Path, *, keep: bool) -> Iterator[Row]:
    """Do the runs and yield what each took and found."""

    def chosen(runs: dict[str, Callable[[], str]]) -> dict[str, Callable[[], str]]:
        return {name: run for name, run in runs.items() if not wanted or name in wanted}

    yield timed("programs, built once", lambda: f"{len([program(name) for name in PROGRAMS])} programs")
    with standing(Cluster(home / "four"), keep=keep) as cluster:
        one, two = chosen(on_one_node(cluster)), chosen(on_two_nodes(cluster))
        if one or two:
            yield from started(cluster)
        for name, run in one.items():
            yield timed(name, run)
        if two:
            yield timed("a second node", lambda: cluster.join(2))
        for name, run in two.items():
            yield timed(name, run)
    if chosen({"IPv6 only": str}):
        with standing(Cluster(home / "six", family=6), keep=keep) as cluster:
            yield timed("IPv6 only", lambda: f"{len(list(started(cluster)))} steps; {smoke.smoke(cluster)}")
    if chosen({"compose": str}):
        engine = Engine(home / "docker")
        try:
            engine.up()
            yield timed("compose", lambda: compose.compose(engine))
        finally:
            engine.down(purge=not keep)


def started(cluster: Cluster) -> Iterator[Row]:
    """Start a cluster with everything in it; nothing can be run without."""
    steps: dict[str, Callable[[], None]] = {
        "images": lambda: write_images(cluster),
        "the first node ready": cluster.up,
        "DNS, store, Prometheus": lambda: furnish(cluster),
        "both charts ready": lambda: install(cluster),
    }
    for name, step in steps.items():
        began = time.monotonic()
        step()
        yield report(name, time.monotonic() - began, "")


@contextmanager
def standing(cluster: Cluster, *, keep: bool) -> Iterator[Cluster]:
    """End the cluster, however the runs end."""
    cluster.down(purge=True)
    try:
        yield cluster
    finally:
        if not keep:
            cluster.down(purge=True)


def timed(name: str, run: Callable[[], str | None]) -> Row:
    """Run one and return its row; a failure is what it says."""
    began = time.monotonic()
    try:
        found = run() or ""
    except Exception as error:  # noqa: BLE001 -- the next run may well succeed
        found = f"FAILED: {error}"
    return report(name, time.monotonic() - began, found)


def report(name: str, seconds: float, found: str) -> Row:
    """Say it at once."""
    print(f"{name:24} {seconds:7.1f} s  {found}", flush=True)
    return name, seconds, found


def missing() -> list[str]:
    """Return what this machine lacks."""
    lacking = [name for name in TOOLS if shutil.which(name) is None]
    return lacking + ["root"] * (os.geteuid() != 0)


def main() -> int:
    """Return 1 if a run failed, 2 if this machine cannot do it."""
    parser = argparse.ArgumentParser(prog="cluster")
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table between the marks of a page")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    given = parser.parse_args()
    if lacking := missing():
        print(f"cluster: this machine lacks {', '.join(lacking)} (docs/cluster.md)", file=sys.stderr)
        return 2
    rows = list(measured(given.runs, cache() / "cluster" / "running", keep=given.keep))
    if given.write:
        write_table(given.write, rows)
    return any(found.startswith("FAILED") for _, _, found in rows)


def write_table(page: Path, rows: list[Row]) -> None:
    """Put the rows where the page has its table; what was not run this time stays as it is there."""
    before, rest = page.read_text().split(MARKS[0])
    old, after = rest.split(MARKS[1])
    lines = {line.split("|")[1].strip(): line for line in old.splitlines()[2:]}
    lines |= {name: f"| {name} | {seconds:.0f} | {found} |" for name, seconds, found in rows}
    table = "\n".join(["| run | seconds | found |", "|---|---|---|", *lines.values(), ""])
    page.write_text(f"{before}{MARKS[0]}{table}{MARKS[1]}{after}")


if __name__ == "__main__":
    sys.exit(main())
