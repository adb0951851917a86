# SPDX-License-Identifier: Apache-2.0
"""A real Docker engine (Debian's) in namespaces of its own: no way out, nothing of the machine's /var or /run is touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from testbed.cluster.archive import Image
from testbed.cluster.kubernetes import eventually
from testbed.cluster.namespaces import Plan
from testbed.cluster.node import Node, run
from testbed.programs import program

SOCKET: Final = "unix:///run/docker.sock"
_OPTIONS: Final = (
    # dockerd asks for -500, which needs CAP_SYS_RESOURCE.
    "--oom-score-adjust=0 --data-root=/var/lib/docker --exec-root=/run/docker --storage-driver=overlay2 "
    "--bip=10.126.0.1/24 --default-address-pool=base=10.127.0.0/16,size=24"
)


class Engine:
    """The engine and its client.

    Args:
        home: everything that it writes lies below.
    """

    def __init__(self, home: Path) -> None:
        self.node = Node(home / "engine", "docker")
        self._archives = home / "archives"

    def up(self) -> None:
        """Start it and wait until it answers."""
        self._archives.mkdir(parents=True, exist_ok=True)
        daemon = ["dockerd", f"--host={SOCKET}", *_OPTIONS.split()]
        home = str(self.node.home)
        self.node.start(Plan("engine", home, network=["ip link set lo up"], first={"dockerd": daemon}, ready=["true"]))
        eventually(self._answers, 60, "the engine to answer")

    def _answers(self) -> bool:
        return run(self._entered(["docker", "version"]), check=False).returncode == 0

    def down(self, *, purge: bool = False) -> None:
        """End it and all containers; with `purge` forget images and volumes."""
        self.node.kill()
        if purge:
            shutil.rmtree(self.node.home.parent, ignore_errors=True)

    def load(self, image: Image) -> None:
        """Give it an image."""
        path = image.write(self._archives / "one.tar")
        self.docker("load", "-q", "-i", str(path))
        path.unlink()

    def docker(self, *arguments: str, timeout: float = 300) -> str:
        """Run the client and return what it prints."""
        return run(self._entered(["docker", *arguments]), timeout=timeout).stdout

    def compose(self, checkout: Path, *arguments: str, timeout: float = 600) -> str:
        """Run `docker compose` on the compose file of a checkout.

        Its own BuildKit client builds: the classic builder knows no `dockerfile_inline`.
        """
        command = [
            str(program("docker-compose")),
            f"--project-directory={checkout}",
            f"--file={checkout / 'compose.yaml'}",
        ]
        variables = ["env", "COMPOSE_BAKE=false", "DOCKER_BUILDKIT=1"]
        done = run(self._entered([*variables, *command, *arguments]), timeout=timeout)
        return done.stdout + done.stderr

    def fetch(self, url: str, **query: str) -> str:
        """GET from the engine's network."""
        given = [option for name, value in query.items() for option in ("--data-urlencode", f"{name}={value}")]
        return run(self.node.network(["curl", "-sS", "-f", "-G", "-m", "20", url, *given])).stdout

    def _entered(self, command: list[str]) -> list[str]:
        entered = ["nsenter", "-t", str(self.node.pid), "-n", "-m", "-p", "env", f"DOCKER_HOST={SOCKET}"]
        return [*entered, *command]
