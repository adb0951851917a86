# SPDX-License-Identifier: Apache-2.0
"""Which part this process takes: the owner of the admin port, or a member that registers with the owner."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from contextlib import suppress

from otel_distro import diagnostics
from otel_distro.admin.owning import Owning
from otel_distro.metrics import heartbeat
from otel_distro.metrics.families import Family
from otel_distro.metrics.local import LocalMetrics
from otel_distro.metrics.segment import Segment
from otel_distro.roles import Role
from otel_distro.settings import publish_owner
from otel_distro.variables import Settings
from otel_distro.workers import fork
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.member import Deliver, Member

FORK_SECONDS = 1.0
SUCCESSION_TRIES = 20


class Admin:
    """This process's part in the admin port.

    Attributes:
        url: Where the port is, if this process owns it.
        note: What to say about it in the start-up line.
    """

    def __init__(self, settings: Settings, metrics: LocalMetrics, role: Role) -> None:
        self._settings = settings
        self._metrics = metrics
        self._role = role
        self._collecting = threading.Lock()
        self._closing = threading.Event()
        self._owning: Owning | None = None
        self._member: Member | None = None
        self.handshake: Handshake | None = None
        self._segment: Segment | None = None
        self.url: str | None = None
        self.note = "off"

    def own(self) -> None:
        """Bind the admin port and leave word for the children.

        Raises:
            OSError: the port is taken, or the certificate cannot be read.
        """
        self.handshake = Handshake.offer(self._settings)
        self._owning = Owning(self._settings, self.handshake, self._metrics)
        self._owning.bind_port()
        self._owning.start()
        self.url = self.note = self._owning.url
        publish_owner(self.handshake.encode())
        fork.tell(self)

    def join(self, handshake: Handshake) -> None:
        """Register with the owner.

        Raises:
            OSError: there is none any more.
        """
        self.handshake = handshake
        self._segment = self._shared_segment()
        self._register()
        self.note = f"served by pid {handshake.pid}"
        fork.tell(self)

    def flush(self, timeout_seconds: float) -> None:
        """Make sure that what this process has counted outlives it."""
        if self._member is not None:
            with suppress(OSError):  # the owner has ended before
                self._member.push(timeout_seconds)

    def close(self, timeout_seconds: float = 1.0) -> None:
        """Stop serving, or leave."""
        self._closing.set()
        fork.tell(None)
        if self._member is not None:
            self._member.close(timeout_seconds)
            self._member = None
        if self._owning is not None:
            publish_owner(None)
            self._owning.close(timeout_seconds)
            self._owning = None

    def _register(self) -> None:
        if self.handshake is not None:
            self._member = Member(self.handshake, self._segment, self._ask, self._succeed)

    def _ask(self, deliver: Deliver) -> None:
        with self._collecting:
            families: Iterable[Family] = self._metrics.families(everything=False).values()
            lag = heartbeat.lag_seconds()
        deliver(families, lag)

    def _shared_segment(self) -> Segment | None:
        """Move the series of this process to where the owner can read them, if the platform can do that."""
        if self._metrics.reader is None:
            return None
        try:
            segment = Segment.shared()
        except OSError as error:
            diagnostics.fault("shared memory for series", error)
            segment = Segment.private()
        self._metrics.reader.store.move(segment)
        return segment

    def _succeed(self, bequest: list[Family]) -> None:
        """Find the new owner, or become it: the owner has ended before its workers (gunicorn's USR2, a killed parent).

        All orphans compete for the old socket's name, which only one can have; a supervisor goes first.
        """
        for _ in range(SUCCESSION_TRIES):
            if self._closing.wait(0.0 if self._role is Role.SUPERVISOR else random.uniform(0.3, 0.9)):  # noqa: S311
                return
            with suppress(OSError):
                self._register()
                return
            with suppress(OSError, RuntimeError):  # somebody was faster; no new threads in an interpreter that ends
                self._take_over(bequest)
                return

    def _take_over(self, bequest: list[Family]) -> None:
        if self.handshake is None:
            return
        owning = Owning(self._settings, self.handshake, self._metrics)
        owning.inherit(bequest)
        owning.start()
        owning.bind_port_when_free()
        self._member, self._owning = None, owning

    def before_fork(self) -> None:
        """Wait until no thread of ours is at work, though not for an application's callback that hangs."""
        self._turn().acquire(timeout=FORK_SECONDS)

    def after_fork_in_parent(self) -> None:
        """Let the thread go on."""
        with suppress(RuntimeError):  # it could not be had before the fork
            self._turn().release()

    def after_fork_in_child(self) -> None:
        """Become a member of the owner that the parent is, or belongs to."""
        self._collecting = threading.Lock()
        self._closing = threading.Event()
        heartbeat.forget()
        if self._owning is not None:
            self._owning.abandon()
        if self._member is not None:
            self._member.abandon()
        self._owning = self._member = self.url = None
        self._role = Role.WORKER
        self._metrics.begin_at_zero()
        if self.handshake is not None:
            with suppress(OSError):  # the owner has ended meanwhile
                self.join(self.handshake)

    def _turn(self) -> threading.Lock:
        return self._owning.turn if self._owning is not None else self._collecting


def start(settings: Settings, metrics: LocalMetrics | None, role: Role = Role.SINGLE) -> Admin:
    """Take this process's part in the admin port.

    Args:
        settings: What the environment says; `owner` is what an owner has left there.
        metrics: The metrics of this process; None if there are none to be scraped, and only /health is of interest.
        role: This process's role.

    Raises:
        OSError: this process has to own the port, and it is taken, or the certificate cannot be read.
    """
    admin = Admin(settings, metrics or LocalMetrics(None, internal=False), role)
    if not settings.admin.enabled or role is Role.HELPER:
        return admin
    _take_part(admin, settings)
    if settings.admin.app_metrics_path and admin.handshake is not None:
        from otel_distro.admin import app_path

        app_path.use(app_path.AppPath(settings.admin, admin.handshake))
    return admin


def _take_part(admin: Admin, settings: Settings) -> None:
    handshake = Handshake.decode(settings.owner)
    if handshake is not None and handshake.concerns(settings):
        with suppress(OSError):  # it ended without taking its word back
            admin.join(handshake)
            return
    admin.own()
