# SPDX-License-Identifier: Apache-2.0
"""The page at `/` of the admin port, for people: whose port it is, and where to look."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from typing import Any

from otel_distro.roles import Role
from otel_distro.settings.model import ServiceSettings

_LINKS = '<ul><li><a href="/metrics">/metrics</a><li><a href="/health">/health</a><li><a href="/health/ready">/health/ready</a></ul>'
_HEAD = "<tr><th>worker<th>pid<th>state<th>event loop late by"


def page(service: ServiceSettings, role: Role, health: Mapping[str, Any]) -> str:
    """Return the page."""
    title = " ".join(filter(None, (service.name, service.version)))
    where = f", {service.environment}" if service.environment else ""
    workers = health["workers"]
    rows = "".join(_row(slot, worker) for slot, worker in workers.items())
    lines = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}: otel-distro</title>',
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(role.value)}, pid {os.getpid()}{escape(where)}; {escape(health['status'])}; workers: {len(workers)}",
        _LINKS,
        f"<table>{_HEAD}{rows}</table>" if rows else "",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _row(slot: str, worker: Mapping[str, Any]) -> str:
    lag = worker["event_loop_lag_seconds"]
    late = "no event loop" if lag is None else f"{lag} s"
    return f"<tr><td>{escape(slot)}<td>{worker['pid']}<td>{escape(worker['state'])}<td>{late}"
