# SPDX-License-Identifier: Apache-2.0
"""Everything that the owner of the admin port runs: the loop, the port, the members, /health."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from otel_distro.admin.loop import Loop
from otel_distro.admin.pages import Pages
from otel_distro.admin.server import Listener, listen, tls_context
from otel_distro.admin.token import Token
from otel_distro.metrics import heartbeat
from otel_distro.metrics.local import LocalMetrics
from otel_distro.variables import Settings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.owner import Owner


class Owning:
    """The admin port, open."""

    def __init__(self, settings: Settings, handshake: Handshake, metrics: LocalMetrics) -> None:
        """Bind the port and start the thread.

        Raises:
            OSError: the port is taken, or the certificate cannot be read.
        """
        tls = tls_context(settings.admin)
        sock = listen(settings.admin)
        self._loop = Loop()
        self._owner = Owner(self._loop, handshake, metrics, settings.metrics)
        token = Token(settings.admin.token_file) if settings.admin.token_file else None
        gather = self._owner.gather if "prometheus" in settings.metrics.exporters else None
        self._listener = Listener(self._loop, sock, tls, Pages(gather, self.health, token).handle)
        self.url = self._listener.url
        self._loop.start()

    @property
    def turn(self) -> threading.Lock:
        """Held while the thread is at work."""
        return self._loop.turn

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
        """Stop the thread and close every descriptor."""
        self._loop.close(timeout_seconds)

    def abandon(self) -> None:
        """Close every descriptor in a forked child, whose parent goes on using them."""
        self._loop.abandon()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
