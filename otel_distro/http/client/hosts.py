# SPDX-License-Identifier: Apache-2.0
"""Which hosts may see our ids: those of the same kind as this service, and those that the settings name.

Of the same kind is what resolves inside a cluster, a company or a network, and nowhere else. A loopback address is not: a
proxy or a tunnel listens there as often as a service, and whoever means this machine says `localhost`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from ipaddress import ip_address, ip_network

ALL = "*"
INSIDE = "inside"

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
# One label begins with a letter: `0x08080808` and `134744072` are addresses to a resolver. With a dot at its end it is
# no name of a search domain but a top-level domain.
_NAME = re.compile(r"[a-z][a-z0-9_-]*|.+\.(?:svc|internal|local)\.?")


class Hosts:
    """The hosts that get our ids.

    Args:
        names: Patterns, in which `*` stands for any characters; `inside` stands for hosts of the same kind.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self.all = ALL in self._names
        self.unknown = self.all or INSIDE in self._names  # brokers, and what other libraries call: a list names neither
        self._named = re.compile("|".join(map(translate, self._names - {INSIDE})) or r"(?!)")

    def __contains__(self, host: str) -> bool:
        """Whether a host is one of them."""
        host = host.lower()
        return (
            self.all or self._named.match(host.rstrip(".")) is not None or (INSIDE in self._names and is_inside(host))
        )


def is_inside(host: str) -> bool:
    """Whether a host is of the same kind as this service: a single label, a cluster's or a local name, a private address."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return _NAME.fullmatch(host) is not None
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in _PRIVATE)
