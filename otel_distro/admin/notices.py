# SPDX-License-Identifier: Apache-2.0
"""What the owner of the admin port says once, at the start: what works, but hardly as it was meant."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from otel_distro.settings.model import AdminSettings, Settings


def at_start(settings: Settings) -> Iterator[str]:
    """Yield what is to be said."""
    if not settings.admin.token_file and not is_loopback(settings.admin):
        yield (
            f"the admin port {address(settings.admin)} is open to the network without a token: whoever reaches it reads /metrics and /health. Set OTEL_DISTRO_ADMIN_TOKEN_FILE, let a "
            "NetworkPolicy or firewall keep strangers out, or set OTEL_EXPORTER_PROMETHEUS_HOST=127.0.0.1"
        )
    if settings.metrics.multiprocess_dir and "prometheus" in settings.metrics.exporters:
        yield (
            f"PROMETHEUS_MULTIPROC_DIR={settings.metrics.multiprocess_dir} is set: prometheus_client keeps its numbers "
            "in files there, and none of them are on /metrics of the admin port. Unset it to have them there, added "
            "up over all workers; set, they are where the application serves them itself"
        )


def port_taken(admin: AdminSettings) -> str:
    """Return what to say when another program has the admin port."""
    return (
        f"the admin port {address(admin)} is taken by another program: /metrics and /health of this process are not "
        "served until it is free, which is tried every second. Give this service a port of its own by "
        "OTEL_EXPORTER_PROMETHEUS_PORT (0 takes a free one), or set OTEL_DISTRO_ADMIN=false"
    )


def address(admin: AdminSettings) -> str:
    """Return where the admin port is, as one writes it."""
    host = admin.host.strip("[]") or "::"
    return f"[{host}]:{admin.port}" if ":" in host else f"{host}:{admin.port}"


def is_loopback(admin: AdminSettings) -> bool:
    """Whether only this machine reaches the admin port."""
    host = admin.host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
