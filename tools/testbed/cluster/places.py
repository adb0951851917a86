# SPDX-License-Identifier: Apache-2.0
"""Where a cluster's parts are: its folders, addresses and programs. IPv4 or IPv6, never both."""

import ipaddress
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testbed.programs import program

PARTS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
"""What `kube` is, by the name that it is started with."""


@dataclass(frozen=True)
class Places:
    """One cluster on this machine.

    Attributes:
        home: everything that it writes lies below.
        family: 4 or 6.
    """

    home: Path
    family: int = 4

    @property
    def conf(self) -> Path:
        """Keys, kubeconfigs and configuration files."""
        return self.home / "conf"

    @property
    def images(self) -> Path:
        """Archives that every node imports when it starts."""
        return self.home / "images"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.conf / "admin.kubeconfig"

    def node(self, index: int) -> Path:
        """The folder of a node; the first one runs the control plane too."""
        return self.home / f"node{index}"

    def cgroup(self, index: int) -> str:
        """Return the node's own branch in every cgroup hierarchy; two clusters on a machine would delete each other's pods."""
        return f"otel-distro-{zlib.crc32(str(self.home).encode()):08x}-{index}"

    def address(self, index: int) -> str:
        """The node's address."""
        return f"10.123.0.{index}" if self.family == 4 else f"fd00:123::{index}"

    def pods(self, index: int) -> str:
        """The range of the node's pods."""
        return f"10.124.{index}.0/24" if self.family == 4 else f"fd00:124:0:{index}::/64"

    @property
    def all_pods(self) -> str:
        """The range of all pods."""
        return "10.124.0.0/16" if self.family == 4 else "fd00:124::/48"

    @property
    def services(self) -> str:
        """The range of services."""
        return "10.125.0.0/24" if self.family == 4 else "fd00:125::/112"

    @property
    def dns(self) -> str:
        """The address of CoreDNS' Service."""
        return str(ipaddress.ip_network(self.services)[10])

    @property
    def api(self) -> str:
        """The URL of the API server."""
        own = self.address(1)
        return f"https://{own if self.family == 4 else f'[{own}]'}:6443"

    @property
    def everywhere(self) -> str:
        """The address that listens on all."""
        return "0.0.0.0" if self.family == 4 else "::"

    @property
    def host(self) -> str:
        """The prefix of one address."""
        return "32" if self.family == 4 else "128"

    def part(self, name: str) -> str:
        """Return the path under which `kube` is the part of Kubernetes that is named so."""
        link = self.home / "bin" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(program("kube"))
        return str(link)
