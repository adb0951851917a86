# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a node: `python -m testbed.cluster.namespaces PLAN`, in network, mount, process and host name namespaces of its own.

When it ends, everything that runs on the node ends with it, as in a power cut. Of the machine nothing is changed but a folder
in each cgroup hierarchy, which `Node.kill` removes. The plan is a JSON file (`Plan`).
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

FOLDERS = ("log/pods", "log/containers", "lib/kubelet", "lib/cni", "lib/containerd", "lib/docker", "tmp", "cache")


@dataclass(frozen=True)
class Plan:
    """What process 1 does.

    Attributes:
        name: host name.
        home: the node's folder; /var lies in it.
        cgroup: the folder to make in every cgroup hierarchy; empty for none.
        network: commands that set the network up.
        first, then: name of the log -> command; `then` are started after `ready` succeeded.
        ready: a command that succeeds once `first` runs; then `prepare` is run, each command once.
    """

    name: str
    home: str
    cgroup: str = ""
    network: list[str] = field(default_factory=list)
    first: dict[str, list[str]] = field(default_factory=dict)
    ready: list[str] = field(default_factory=list)
    prepare: list[list[str]] = field(default_factory=list)
    then: dict[str, list[str]] = field(default_factory=dict)

    def write(self) -> Path:
        """Write it into the node's folder."""
        path = Path(self.home) / "plan.json"
        path.write_text(json.dumps(asdict(self)))
        return path


def main(path: Path) -> None:
    plan = Plan(**json.loads(path.read_text()))
    subprocess.run(["hostname", plan.name], check=True)
    _own_folders(Path(plan.home))
    for line in plan.network:
        subprocess.run(line.split(), check=True)
    for family in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        (Path("/proc/sys/net") / family).write_text("1")
    if plan.cgroup:
        _own_cgroup(plan.cgroup)
    _start(plan, plan.first)
    while subprocess.run(plan.ready, capture_output=True, check=False).returncode:
        time.sleep(0.2)
    for command in plan.prepare:
        subprocess.run(command, check=True)
    _start(plan, plan.then)
    while True:  # reap what is left to process 1
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(1)


def _own_folders(home: Path) -> None:
    """Give the node a /var and a /run of its own; what the kubelet mounts there must reach containers, not the machine."""
    for folder in FOLDERS:
        (home / "var" / folder).mkdir(parents=True, exist_ok=True)
    run = home / "var" / "run"
    if not run.is_symlink():
        run.symlink_to("/run")
    for command in (
        "mount --make-rprivate /",
        f"mount --bind {home / 'var'} /var",
        "mount -t tmpfs -o mode=755 tmpfs /run",
        "mount --make-rshared /",
    ):
        subprocess.run(command.split(), check=True)


def _own_cgroup(name: str) -> None:
    """Make the folders; a cpuset is born without processors."""
    for hierarchy in hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / file).exists():
                (hierarchy / name / file).write_text((hierarchy / file).read_text())


def hierarchies() -> list[Path]:
    """Return the roots of this machine's cgroup hierarchies: one with version 2, one for each controller with version 1."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()]


def _start(plan: Plan, programs: dict[str, list[str]]) -> None:
    for name, command in programs.items():
        log = (Path(plan.home) / "logs" / f"{name}.log").open("ab")
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
