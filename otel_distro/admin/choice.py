# SPDX-License-Identifier: Apache-2.0
"""Which part this process takes at its start: to own the admin port, to be a member of its owner's, or none."""

from __future__ import annotations

import time
from contextlib import suppress

from otel_distro import diagnostics
from otel_distro.admin import notices
from otel_distro.admin.part import AdminPart
from otel_distro.health import own
from otel_distro.metrics.local import LocalMetrics
from otel_distro.roles import Role
from otel_distro.settings.model import Settings
from otel_distro.workers import uwsgi
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.siblings import shared_handshake

SIBLING_TRIES, SIBLING_SECONDS = 5, 0.05  # the sibling that has the name already may not listen yet


def start(settings: Settings, metrics: LocalMetrics | None, role: Role = Role.SINGLE) -> AdminPart:
    """Take this process's part in the admin port.

    Args:
        settings: What the environment says; `owner` is what an owner has left there.
        metrics: The metrics of this process; None if there are none to be scraped, and only /health is of interest.
        role: This process's role.

    Raises:
        OSError: this process has to own the port, and cannot, or the certificate cannot be read.
    """
    admin = AdminPart(settings, metrics or LocalMetrics(None, internal=False), role)
    own.use(settings.health)
    if not settings.admin.enabled or role is Role.HELPER:
        return admin
    _take_part(admin, settings)
    if admin.handshake is not None and (settings.admin.app_metrics_path or settings.health.app_path):
        _serve_on_application(admin, settings)
    return admin


def _serve_on_application(admin: AdminPart, settings: Settings) -> None:
    from otel_distro.admin import app_pages
    from otel_distro.admin.app_health import AppHealth
    from otel_distro.admin.app_path import AppPath

    pages: dict[str, app_pages.Answer] = {}
    if settings.health.app_path:
        health = AppHealth(settings, admin.readiness)
        path = settings.health.app_path.rstrip("/")
        pages |= {path or "/": health.live, f"{path}/ready": health.ready}
    if settings.admin.app_metrics_path:
        pages[settings.admin.app_metrics_path] = AppPath(settings.admin, admin.scrape).answer
    app_pages.use(pages)


def _own_among(siblings: Handshake, admin: AdminPart) -> bool:
    """Join the sibling that owns the admin port, or own it: the first to have the socket's name. Return whether we do.

    Raises:
        OSError: nobody owns it, and the port is taken.
    """
    for _ in range(SIBLING_TRIES):
        with suppress(OSError):
            admin.join(siblings)
            admin.note = "served by a sibling"
            return False
        try:
            admin.own(siblings)
        except OSError as error:
            refused = error
        else:
            return True
        time.sleep(SIBLING_SECONDS)
    raise refused


def _take_part(admin: AdminPart, settings: Settings) -> None:
    handshake = Handshake.decode(settings.owner)
    if handshake is not None and handshake.concerns(settings):
        with suppress(OSError):  # it ended without taking its word back
            admin.join(handshake)
            return
    siblings = shared_handshake(settings) if admin.role is Role.WORKER and handshake is None else None
    if uwsgi.is_master():
        admin.wait_for_workers()
    elif siblings is None:
        admin.own()
    elif not _own_among(siblings, admin):
        return
    for notice in notices.at_start(settings):
        diagnostics.report(notice)
