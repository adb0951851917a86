# SPDX-License-Identifier: Apache-2.0
"""Proxies on the way to the collector: the variables of every HTTP tool, and which proxy an endpoint is reached by."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import addresses, casts
from otel_distro.settings.declare import variable

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ProxySettings:
    """Proxies on the way to the collector."""

    http: str | None = variable(
        "http_proxy",
        addresses.proxy,
        None,
        "Proxy to OTLP endpoints of `http://`, such as `http://user:password@proxy:3128`.",
        older=("HTTP_PROXY",),
        secret=True,
    )
    https: str | None = variable(
        "https_proxy",
        addresses.proxy,
        None,
        "Proxy to OTLP endpoints of `https://`, through a tunnel (`CONNECT`).",
        older=("HTTPS_PROXY",),
        secret=True,
    )
    other: str | None = variable(
        "all_proxy",
        addresses.proxy,
        None,
        "Proxy where neither of these says anything.",
        older=("ALL_PROXY",),
        secret=True,
    )
    exempt: tuple[str, ...] = variable(
        "no_proxy",
        casts.names,
        (),
        "Hosts reached without a proxy: names with all names below them, addresses, networks, each with a port or "
        "without; `*` for all. Loopback addresses always are.",
        older=("NO_PROXY",),
    )


def proxy_of(endpoint: str, proxies: ProxySettings) -> tuple[str, str] | None:
    """Return the variable and the URL of the proxy that an endpoint is reached by; None if directly.

    The rules are those of requests, which upstream's exporter uses, but for one: an address of this machine is never
    asked of another, so that a collector beside the service needs no `no_proxy`. Some more entries are understood.
    """
    url = urlsplit(endpoint)
    chosen = {"http": proxies.http, "https": proxies.https}.get(url.scheme)
    name, proxy = (f"{url.scheme}_proxy", chosen) if chosen else ("all_proxy", proxies.other)
    if proxy is None or _is_exempt(url.hostname or "", url.port or _DEFAULT_PORTS[url.scheme], proxies.exempt):
        return None
    return name, proxy


def _is_exempt(host: str, port: int, entries: tuple[str, ...]) -> bool:
    host = host.rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" if address is None else address.is_loopback:
        return True
    return any(entry == "*" or _matches(entry.lower(), host, port, address) for entry in entries)


def _matches(entry: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        name, colon, wanted = entry.rpartition(":")
        name, wanted = (name.strip("[]"), wanted) if colon else (entry, "")
        name = name.lstrip("*").lstrip(".")
        return wanted in ("", str(port)) and (host == name or host.endswith(f".{name}"))
    return address is not None and address in network
