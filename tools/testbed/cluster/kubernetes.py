# SPDX-License-Identifier: Apache-2.0
"""The cluster: nodes with a kubelet, and how to talk to it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from testbed.cluster import commands
from testbed.cluster.files import write_files
from testbed.cluster.keys import write_keys
from testbed.cluster.namespaces import Plan
from testbed.cluster.node import Node, run
from testbed.cluster.places import Places
from testbed.programs import program

Object = dict[str, Any]


class Cluster:
    """One to three nodes on this machine.

    Args:
        home: everything that it writes lies below.
        family: 4 or 6, of all its addresses.
    """

    def __init__(self, home: Path, family: int = 4) -> None:
        self.places = Places(home, family)
        self.nodes = {1: Node(self.places.node(1), self.places.cgroup(1))}

    def up(self) -> None:
        """Start the first node and wait until it is ready."""
        for folder in (self.places.conf, self.places.images):
            folder.mkdir(parents=True, exist_ok=True)
        write_keys(self.places)
        plan = self._plan(1, first=commands.control_plane(self.places) | commands.runtime(self.places, 1))
        self.nodes[1].start(plan)
        self._await_node(1)

    def join(self, index: int) -> None:
        """Start one more node, with a cable to the first, and wait until it is ready."""
        node = self.nodes[index] = Node(self.places.node(index), self.places.cgroup(index))
        node.start(self._plan(index, first=commands.runtime(self.places, index)))
        self._cable(index)
        self._await_node(index)

    def down(self, *, purge: bool = False) -> None:
        """End every node; with `purge` forget everything."""
        for node in self.nodes.values():
            node.kill()
        if purge:
            # What the kubelet mounted is gone with its namespace, a moment later.
            eventually(lambda: not self._removed(), 30, "the folders of the nodes to be free")

    def _removed(self) -> bool:
        shutil.rmtree(self.places.home, ignore_errors=True)
        return self.places.home.exists()

    def _plan(self, index: int, first: dict[str, list[str]]) -> Plan:
        write_files(self.places, index)
        own, home = self.places.address(index), self.places.node(index)
        network = ["ip link set lo up", f"ip addr add {own}/{self.places.host} dev lo"]
        if self.places.family == 6:
            network[1] += " nodad"
        if index == 1:
            # For programs of the node itself; kube-proxy makes the address of a pod of it.
            network.append(f"ip route add {self.places.services} dev lo src {own}")
        archives = [str(path) for path in sorted(self.places.images.glob("*.tar"))]
        imports = [["ctr", "-n", "k8s.io", "images", "import", archive] for archive in archives]
        return Plan(
            name=f"node{index}",
            home=str(home),
            cgroup=self.places.cgroup(index),
            network=network,
            first=first,
            ready=["ctr", "version"],
            prepare=imports,
            then=commands.worker(self.places, index),
        )

    def _cable(self, index: int) -> None:
        """Lay it from outside: only here both process ids mean something. The first node routes between all."""
        first, other, end = self.nodes[1], self.nodes[index], f"n{index}"
        mine, own = self.places.address(1), self.places.address(index)
        host = self.places.host
        addresses = other.network(["ip", "addr", "show", "lo"])
        eventually(lambda: own in run(addresses).stdout, 20, f"the address of node{index}")
        command = f"ip link add {end} netns {first.pid} type veth peer name up0 netns {other.pid}"
        run(command.split())
        flag = "-6 " if self.places.family == 6 else ""
        for node, lines in (
            (
                first,
                (
                    f"link set {end} up",
                    f"route add {own}/{host} dev {end} src {mine}",
                    f"route add {self.places.pods(index)} via {own} dev {end} onlink src {mine}",
                ),
            ),
            (
                other,
                (
                    "link set up0 up",
                    f"route add {mine}/{host} dev up0 src {own}",
                    f"route add default via {mine} dev up0 onlink src {own}",
                ),
            ),
        ):
            for line in lines:
                run(node.network(["ip", *f"{flag}{line}".split()]))

    def _await_node(self, index: int) -> None:
        path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
        ask = ("get", "node", f"node{index}", "-o", path)
        eventually(lambda: self.kubectl(*ask, check=False) == "True", 180, f"node{index} to be ready")

    def kubectl(self, *arguments: str, given: str = "", check: bool = True, timeout: float = 300) -> str:
        """Run kubectl and return what it prints."""
        command = [self.places.part("kubectl"), f"--kubeconfig={self.places.kubeconfig}", *arguments]
        return run(self.nodes[1].network(command), given, timeout, check=check).stdout

    def kubectl_said(self, *arguments: str) -> str:
        """Run kubectl and return all that it says, warnings too."""
        command = [self.places.part("kubectl"), f"--kubeconfig={self.places.kubeconfig}", *arguments]
        done = run(self.nodes[1].network(command))
        return done.stdout + done.stderr

    def objects(self, kind: str, *arguments: str) -> list[Object]:
        """Return the objects of a kind."""
        return list(json.loads(self.kubectl("get", kind, *arguments, "-o", "json"))["items"])

    def apply(self, *manifests: str) -> None:
        """Apply manifests."""
        self.kubectl("apply", "--server-side", "-f", "-", given="\n---\n".join(manifests))

    def helm(self, *arguments: str, check: bool = True, timeout: float = 300) -> str:
        """Run Helm and return what it prints."""
        command = [str(program("helm")), f"--kubeconfig={self.places.kubeconfig}", *arguments]
        done = run(self.nodes[1].network(command), "", timeout, check=check)
        return done.stdout if check else done.stdout + done.stderr

    def address(self, namespace: str, service: str) -> str:
        """Return a Service's address, as a URL takes it."""
        found = self.kubectl("-n", namespace, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
        return found if self.places.family == 4 else f"[{found}]"

    def fetch(self, url: str, **query: str) -> str:
        """GET from the first node's network."""
        given = [option for name, value in query.items() for option in ("--data-urlencode", f"{name}={value}")]
        return run(self.nodes[1].network(["curl", "-sS", "-g", "-G", "-m", "20", url, *given])).stdout

    def python(self, pod: str, script: str, namespace: str = "default", timeout: float = 300) -> str:
        """Run a Python script in a pod and return what it prints."""
        return self.kubectl("-n", namespace, "exec", pod, "--", "python3", "-c", script, timeout=timeout)

    def ready(self, namespace: str, *workloads: str, seconds: int = 120) -> None:
        """Wait until workloads (deployment/x, statefulset/y, …) are rolled out."""
        for name in workloads:
            self.kubectl("-n", namespace, "rollout", "status", name, f"--timeout={seconds}s", timeout=seconds + 10)

    def load(self, archives: Sequence[Path]) -> None:
        """Give the running nodes more images."""
        for node in self.nodes.values():
            for archive in archives:
                node.inside(["ctr", "-n", "k8s.io", "images", "import", str(archive)])


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until it holds.

    Raises:
        TimeoutError: after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.3)
