# SPDX-License-Identifier: Apache-2.0
"""The address at the other end of httpx's connections, asked for once per connection: each time is a system call."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

_known: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def peer_of(stream: Any) -> dict[str, Any]:
    """Return `network.peer.address` and `.port` of what httpx calls a response's `network_stream`; empty if unknown.

    With a proxy in between it is the proxy's. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
    """
    try:
        known = _known.get(stream)
        if known is None:
            known = _known[stream] = _attributes(stream.get_extra_info("server_addr"))
    except Exception:  # noqa: BLE001 - any transport may put anything there, and a socket may be gone: then it is unknown
        return {}
    return known


def _attributes(address: Any) -> dict[str, Any]:
    """Sockets give a pair, or four values for IPv6; the path of a Unix domain socket; None if they are closed."""
    if isinstance(address, str) and address:
        return {"network.peer.address": address}
    if isinstance(address, tuple) and len(address) >= 2:
        return {"network.peer.address": str(address[0]), "network.peer.port": int(address[1])}
    return {}
