# SPDX-License-Identifier: Apache-2.0
"""This process's part in the admin port: it owns it, or is a member that registers with the owner."""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from otel_distro import diagnostics
from otel_distro.admin import notices
from otel_distro.admin.service import AdminService
from otel_distro.ground import phase
from otel_distro.health import own
from otel_distro.health.found import Checked
from otel_distro.health.readiness import readiness
from otel_distro.metrics import heartbeat
from otel_distro.metrics.families import Family
from otel_distro.metrics.local import LocalMetrics
from otel_distro.metrics.segment import Segment
from otel_distro.roles import PARENTS, Role
from otel_distro.settings.environ import publish_owner
from otel_distro.settings.model import Settings
from otel_distro.workers import fork
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.member import Deliver, Member
from otel_distro.workers.state import Reported, State, pack

FORK_SECONDS = 1.0
SUCCESSION_TRIES = 20


class AdminPart:
    """This process's part in the admin port.

    Attributes:
        url: Where the port is, if this process owns it.
        note: What to say about it in the start-up line.
        problem: Why it does not serve yet, and what to do about it.
        role: This process's role.
    """

    def __init__(self, settings: Settings, metrics: LocalMetrics, role: Role) -> None:
        self._settings = settings
        self._metrics = metrics
        self.role = role
        self._collecting = threading.Lock()
        self._closing = threading.Event()
        self._service: AdminService | None = None
        self._member: Member | None = None
        self.handshake: Handshake | None = None
        self._segment: Segment | None = None
        self.url: str | None = None
        self.note = "off"
        self.problem: str | None = None
        metrics.add("checks of the application", lambda: () if self.role in PARENTS else own.families())
        self._found = False  # whether a worker without an owner becomes the owner

    def own(self, handshake: Handshake | None = None) -> None:
        """Bind the admin port, now or as soon as it is free, and leave word for the children.

        Args:
            handshake: What siblings expect; by default a fresh one, which only children can know.

        Raises:
            OSError: the address is not this machine's, or the certificate cannot be read.
        """
        self.handshake = handshake or Handshake.offer(self._settings)
        service = AdminService(self._settings, self.handshake, self._metrics, self.role)
        try:
            self._bind(service)
        except OSError:
            service.abandon()
            raise
        service.start()
        self._service = service
        publish_owner(self.handshake.encode())
        fork.tell(self)

    def wait_for_workers(self) -> None:
        """Leave the port to the first worker: in a master in which nothing may run."""
        self.handshake = Handshake.offer(self._settings)
        self._found = True
        self.note = "served by a worker"
        publish_owner(self.handshake.encode())
        fork.tell(self)

    def _bind(self, service: AdminService) -> None:
        try:
            service.bind_port()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            service.bind_port_when_free()
            self.problem = notices.port_taken(self._settings.admin)
            self.note = f"waits for {notices.address(self._settings.admin)}"
        else:
            self.url = self.note = service.url

    def scrape(self, accept: str, deliver: Callable[[str, bytes], None]) -> None:
        """Deliver the page of all processes, with its content type; in another thread.

        Raises:
            OSError: there is no owner to be asked.
        """
        if self._service is not None:
            self._service.scrape(accept, deliver)
        elif self._member is not None:
            self._member.scrape(accept, deliver)
        else:
            raise ConnectionError("no owner of the admin port")

    def readiness(self) -> Mapping[str, Any]:
        """Return whether the service can be sent requests, as far as this process knows, at once."""
        if self._service is not None:
            return self._service.readiness()
        here = phase.current()
        said = self._member.readiness if self._member is not None else None
        is_ending = here is phase.Phase.STOPPING
        return (
            said
            if isinstance(said, dict) and "status" in said and not is_ending
            else readiness([here], {}, stuck=False)
        )

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
        own.stop()
        fork.tell(None)
        if self._member is not None:
            self._member.close(timeout_seconds)
            self._member = None
        if self._service is not None:
            publish_owner(None)
            self._service.close(timeout_seconds)
            self._service = None

    def _register(self) -> None:
        if self.handshake is not None:
            self._member = Member(self.handshake, self._segment, self._ask, self._succeed)

    def _ask(self, deliver: Deliver) -> None:
        with self._collecting:
            families: Iterable[Family] = self._metrics.families(everything=False).values()
            state = State(heartbeat.lag_seconds(), phase.current(), _reported(own.found()))
        deliver(families, pack(state))

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
            if self._closing.wait(0.0 if self.role is Role.SUPERVISOR else random.uniform(0.3, 0.9)):  # noqa: S311
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
        service = AdminService(self._settings, self.handshake, self._metrics, self.role)
        service.inherit(bequest)
        service.start()
        service.bind_port_when_free()
        self._member, self._service = None, service

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
        phase.forget()
        if self._service is not None:
            self._service.abandon()
        if self._member is not None:
            self._member.abandon()
        self._service = self._member = self.url = None
        self.role = Role.WORKER
        self._metrics.begin_at_zero()
        if self.handshake is not None:
            try:
                self.join(self.handshake)
            except OSError:  # the owner has ended meanwhile, or there was none yet
                self.without_fork()

    def without_fork(self) -> None:
        """Own the port if nobody does; if another worker was faster, belong to that."""
        if not self._found or self._service is not None or self._member is not None:
            return
        try:
            self._take_over([])
        except OSError:
            threading.Thread(target=self._succeed, args=([],), name="otel-distro-worker", daemon=True).start()

    def _turn(self) -> threading.Lock:
        return self._service.turn if self._service is not None else self._collecting


def _reported(checked: Checked) -> dict[str, Reported]:
    return {
        name: (found.reason, found.seconds, optional) if found is not None else (None, -1.0, optional)
        for name, (found, optional) in checked.items()
    }
