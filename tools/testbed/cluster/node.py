# SPDX-License-Identifier: Apache-2.0
"""A machine inside this machine: started with a plan, entered by command, ended as a power cut ends one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from testbed.cluster.namespaces import Plan, hierarchies

TOOLS: Final = Path(__file__).parents[2]
Done = subprocess.CompletedProcess[str]


class Node:
    """Namespaces with a process 1.

    Args:
        home: the folder that keeps its state.
        cgroup: what its plan makes in every cgroup hierarchy.
    """

    def __init__(self, home: Path, cgroup: str) -> None:
        self.home, self.cgroup = home, cgroup
        self._pid_file = home / "pid"

    @property
    def pid(self) -> int:
        """Process 1, as the machine counts."""
        return int(self._pid_file.read_text())

    def start(self, plan: Plan) -> None:
        """Start process 1; the programs of the plan follow by themselves."""
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        namespaces = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"]
        command = [
            "nice",
            "-n",
            "5",
            *namespaces,
            sys.executable,
            "-m",
            "testbed.cluster.namespaces",
            str(plan.write()),
        ]
        with (self.home / "logs" / "node.log").open("ab") as log:
            parent = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=TOOLS
            )
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        deadline = time.monotonic() + 10
        while not (found := children.read_text().split()):
            if time.monotonic() > deadline or parent.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} started nothing: see {self.home}/logs/node.log")
            time.sleep(0.02)
        self._pid_file.write_text(found[0])

    def network(self, command: Sequence[str]) -> list[str]:
        """Return the command to be run in the node's network, with the machine's own files."""
        return ["nsenter", "-t", str(self.pid), "-n", *command]

    def inside(self, command: Sequence[str], timeout: float = 300) -> str:
        """Run a command in all of the node's namespaces and return what it prints."""
        entered = ["nsenter", "-t", str(self.pid), "-n", "-m", "-p", "-u", *command]
        return run(entered, timeout=timeout).stdout

    def kill(self) -> None:
        """End everything on it at once, and leave nothing of it on the machine but its folder."""
        if not self._pid_file.exists():
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._pid_file.unlink()
        if self.cgroup:
            self._remove_cgroups()

    def _remove_cgroups(self) -> None:
        deadline = time.monotonic() + 20
        for hierarchy in hierarchies():
            for folder in sorted((hierarchy / self.cgroup).glob("**/"), key=lambda path: -len(path.parts)):
                while folder.exists() and time.monotonic() < deadline:
                    try:
                        folder.rmdir()
                    except OSError:  # processes that the kernel has not reaped yet
                        time.sleep(0.05)


def run(command: Sequence[str], given: str = "", timeout: float = 300, *, check: bool = True) -> Done:
    """Run a command; a failure raises with what it said.

    Raises:
        RuntimeError: it failed, and `check` is on.
    """
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command[:40])} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done
