# SPDX-License-Identifier: Apache-2.0
"""Everything that the owner of the admin port runs: the loop, the port, the members, /health."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from otel_distro import diagnostics
from otel_distro.admin.loop import Loop
from otel_distro.admin.pages import Pages
from otel_distro.admin.server import Listener, listen, tls_context
from otel_distro.admin.token import Token
from otel_distro.metrics import heartbeat
from otel_distro.metrics.families import Family
from otel_distro.metrics.local import LocalMetrics
from otel_distro.variables import Settings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.owner import Owner

BIND_EVERY_SECONDS = 1.0


class Owning:
    """The loop with everything on it; nothing runs before `start`."""

    def __init__(self, settings: Settings, handshake: Handshake, metrics: LocalMetrics) -> None:
        """Listen for members.

        Raises:
            OSError: another process has the socket's name, or the certificate cannot be read.
        """
        self._admin = settings.admin
        self._tls = tls_context(settings.admin)
        self._loop = Loop()
        try:
            self._owner = Owner(self._loop, handshake, metrics, settings.metrics)
        except OSError:
            self._loop.abandon()
            raise
        token = Token(settings.admin.token_file) if settings.admin.token_file else None
        gather = self._owner.gather if "prometheus" in settings.metrics.exporters else None
        self._pages = Pages(gather, self.health, token)
        self.url = ""

    @property
    def turn(self) -> threading.Lock:
        """Held while the thread is at work."""
        return self._loop.turn

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def bind_port(self) -> None:
        """Open the admin port.

        Raises:
            OSError: it is taken.
        """
        try:
            self._listen()
        except OSError:
            self._loop.abandon()
            raise

    def bind_port_when_free(self) -> None:
        """Open the admin port as soon as the owner before has let it go."""
        self._loop.call_soon(self._try_to_bind)

    def inherit(self, bequest: Iterable[Family]) -> None:
        """Go on from what the owner before has counted."""
        self._owner.inherit(bequest)

    def health(self) -> Mapping[str, Any]:
        """Return the state of every serving process: `ok` while all event loops turn."""
        lag = heartbeat.lag_seconds()
        workers = {
            peer.slot: {"pid": peer.pid, "state": peer.state, "event_loop_lag_seconds": _rounded(peer.lag)}
            for peer in self._owner.members
        }
        stuck = any(worker["state"] == "stuck" for worker in workers.values())
        own = {"event_loop_lag_seconds": _rounded(lag)} if lag is not None else {}
        stuck = stuck or (lag or 0.0) >= heartbeat.STUCK_AFTER_SECONDS
        return {"status": "stuck" if stuck else "ok", **own, "workers": workers}

    def close(self, timeout_seconds: float) -> None:
        """Tell the members, stop the thread and close every descriptor."""
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
            diagnostics.inform("the admin port has a new owner", admin=self.url)

    def _listen(self) -> None:
        self.url = Listener(self._loop, listen(self._admin), self._tls, self._pages.handle).url


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
