# SPDX-License-Identifier: Apache-2.0
"""Everything that the owner of the admin port runs: the loop, the port, the members, /health."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from otel_distro import diagnostics
from otel_distro.admin import index
from otel_distro.admin.certificate import Certificate
from otel_distro.admin.notices import is_loopback
from otel_distro.admin.pages import Health, Pages
from otel_distro.admin.server import Listener, listen
from otel_distro.admin.token import Token
from otel_distro.ground import phase
from otel_distro.health import own
from otel_distro.health.checks import Checks
from otel_distro.health.found import Checked, Found
from otel_distro.health.readiness import readiness
from otel_distro.metrics import exposition, heartbeat
from otel_distro.metrics.families import Family
from otel_distro.metrics.local import LocalMetrics
from otel_distro.roles import PARENTS, Role
from otel_distro.settings.model import Settings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.loop import Loop
from otel_distro.workers.owner import Owner

BIND_EVERY_SECONDS = 1.0


class AdminService:
    """The loop with everything on it; nothing runs before `start`."""

    def __init__(self, settings: Settings, handshake: Handshake, metrics: LocalMetrics, role: Role) -> None:
        """Listen for members.

        Raises:
            OSError: another process has the socket's name, or the certificate cannot be read.
        """
        self._admin = settings.admin
        self._tls = Certificate(settings.admin) if settings.admin.tls_certificate or settings.admin.tls_key else None
        self._loop = Loop()
        try:
            self._owner = Owner(self._loop, handshake, metrics, settings.metrics)
        except OSError:
            self._loop.abandon()
            raise
        self._role, self._checks = role, Checks(settings.health)
        if settings.health.app_path:
            self._owner.readiness = self.readiness
        metrics.add("health checks", self._checks.families)
        token = Token(settings.admin.token_file) if settings.admin.token_file else None
        self.gather = self._owner.gather if "prometheus" in settings.metrics.exporters else None

        def links() -> str:
            return index.page(settings.service, role, self.health())

        health = Health(self.health, self.readiness)
        self._pages = Pages(self.gather, health, links, token, loopback=is_loopback(settings.admin))
        self.url = ""

    @property
    def turn(self) -> threading.Lock:
        """Held while the thread is at work."""
        return self._loop.turn

    def start(self) -> None:
        """Start the thread, and those of the checks."""
        self._loop.start()
        self._checks.start()

    def bind_port(self) -> None:
        """Open the admin port.

        Raises:
            OSError: it is taken.
        """
        self._listen()

    def bind_port_when_free(self) -> None:
        """Open the admin port as soon as whoever has it lets it go."""
        self._loop.call_soon(self._try_to_bind)

    def scrape(self, accept: str, deliver: Callable[[str, bytes], None]) -> None:
        """Deliver the page of all processes, with its content type; from any thread."""
        form = exposition.choose(accept)
        gather = self.gather
        if gather is not None:
            self._loop.call_soon(lambda: gather(lambda page: deliver(form.content_type, page.text(form))))

    def inherit(self, bequest: Iterable[Family]) -> None:
        """Go on from what the owner before has counted."""
        self._owner.inherit(bequest)

    def health(self) -> Mapping[str, Any]:
        """Return the state of every serving process: `ok` while all event loops turn."""
        lag = heartbeat.lag_seconds()
        workers = {
            peer.slot: {"pid": peer.pid, "state": peer.state, "event_loop_lag_seconds": _rounded(peer.last_state.lag)}
            for peer in self._owner.members
        }
        stuck = any(worker["state"] == "stuck" for worker in workers.values())
        own = {"event_loop_lag_seconds": _rounded(lag)} if lag is not None else {}
        stuck = stuck or (lag or 0.0) >= heartbeat.STUCK_AFTER_SECONDS
        return {"status": "stuck" if stuck else "ok", **own, "workers": workers}

    def readiness(self) -> dict[str, Any]:
        """Return whether the service can be sent requests."""
        checked = {**self._checks.found(), **(own.found() if self._serves else {}), **self._of_members()}
        return readiness(self._phases(), checked, stuck=self.health()["status"] == "stuck")

    @property
    def _serves(self) -> bool:
        return self._role not in PARENTS

    def _phases(self) -> list[phase.Phase]:
        """A server in this process is the service; without one its members are, if it has any."""
        here = phase.current()
        members = [peer.last_state.phase for peer in self._owner.members]
        return [here] if self._serves and (here is not phase.Phase.UNKNOWN or not members) else members

    def _of_members(self) -> Checked:
        """Return what the application's own checks have found in the workers: one that fails anywhere has failed."""
        worst: dict[str, tuple[Found | None, bool]] = {}
        for peer in self._owner.members:
            for name, (reason, seconds, optional) in peer.last_state.checks.items():
                if name not in worst or reason is not None:
                    worst[name] = (Found(reason, seconds) if seconds >= 0 else None, optional)
        return worst

    def close(self, timeout_seconds: float) -> None:
        """Tell the members, stop the threads and close every descriptor."""
        self._checks.close()
        self._loop.call_soon(self._owner.close)
        self._loop.close(timeout_seconds)

    def abandon(self) -> None:
        """Close every descriptor in a forked child, whose parent goes on using them."""
        self._loop.abandon()

    def _try_to_bind(self) -> None:
        try:
            self._listen()
        except OSError:
            self._loop.call_later(BIND_EVERY_SECONDS, self._try_to_bind)
        else:
            diagnostics.inform("the admin port has a new owner", admin=self.url, pid=os.getpid())

    def _listen(self) -> None:
        self.url = Listener(self._loop, listen(self._admin), self._tls, self._pages.handle).url


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
