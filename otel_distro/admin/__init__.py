# SPDX-License-Identifier: Apache-2.0
"""The admin port: /metrics and /health of all processes of the service, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from otel_distro.admin.loop import Loop
from otel_distro.admin.pages import Gather, Pages
from otel_distro.admin.server import Listener, listen, tls_context
from otel_distro.admin.token import Token
from otel_distro.metrics import heartbeat
from otel_distro.metrics.families import Family
from otel_distro.metrics.local import LocalMetrics
from otel_distro.variables import Settings

__all__ = ["Admin", "start"]


class Admin:
    """The running admin port; `url` is None in a process that does not own it."""

    def __init__(self, loop: Loop, listener: Listener) -> None:
        self._loop = loop
        self.url: str | None = listener.url

    def close(self, timeout_seconds: float = 1.0) -> None:
        """Stop serving."""
        self._loop.close(timeout_seconds)


def start(settings: Settings, metrics: LocalMetrics | None) -> Admin:
    """Serve the admin port.

    Args:
        settings: What the environment says.
        metrics: What /metrics shows; None if metrics are not to be scraped.

    Raises:
        OSError: the port is taken, or the certificate cannot be read.
    """
    tls = tls_context(settings.admin)
    sock = listen(settings.admin)
    token = Token(settings.admin.token_file) if settings.admin.token_file else None
    loop = Loop()
    pages = Pages(_gather(metrics) if metrics else None, _health, token)
    listener = Listener(loop, sock, tls, pages.handle)
    loop.start()
    return Admin(loop, listener)


def _gather(metrics: LocalMetrics) -> Gather:
    def gather(deliver: Callable[[Iterable[Family]], None]) -> None:
        deliver(metrics.families().values())

    return gather


def _health() -> Mapping[str, Any]:
    lag = heartbeat.lag_seconds() or 0.0
    return {"status": "ok" if lag < heartbeat.STUCK_AFTER_SECONDS else "stuck", "event_loop_lag_seconds": round(lag, 3)}
