# SPDX-License-Identifier: Apache-2.0
"""The lag of clients without an event loop: one daemon thread asks for all consumers of this process.

Their consumers are not for two threads at once, or wait for the one that polls; so each has an admin client beside it, made of
what its configuration says of the connection, when it is first needed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol
from weakref import ref

from otel_distro.messaging.lag import FIRST_SECONDS, Lags
from otel_distro.upstream.threads import start


class Asking(Protocol):
    """Knows how to ask for one consumer."""

    group: str

    def lag(self, consumer: Any) -> Iterable[tuple[str, int | None]]:
        """Yield each topic with what waits in it."""

    def close(self) -> None:
        """Let the connection go."""


class _Watched:
    """One consumer, which is not kept alive, and when it is due."""

    def __init__(self, consumer: Any, asking: Asking, due: float) -> None:
        self.consumer, self.identity = ref(consumer), id(consumer)
        self.asking, self.due = asking, due


class LagThread:
    """Measures consumers until they are closed or nobody has them any more."""

    def __init__(self, lags: Lags) -> None:
        self._lags = lags
        self._watched: dict[int, _Watched] = {}
        self._changed = threading.Event()
        self._runs = False

    def watch(self, consumer: Any, asking: Asking) -> None:
        """Measure a consumer from now on."""
        due = time.monotonic() + min(FIRST_SECONDS, self._lags.interval_seconds)
        self._watched[id(consumer)] = _Watched(consumer, asking, due)
        self._changed.set()
        if not self._runs:
            self._runs = True
            start(self._run, "otel-distro-kafka-lag")

    def unwatch(self, consumer: Any) -> None:
        """Measure it no more."""
        watched = self._watched.pop(id(consumer), None)
        self._lags.left(id(consumer))
        if watched is not None:
            self._changed.set()
            start(watched.asking.close, "otel-distro-kafka-lag-end")  # which may wait for a broker

    def close(self) -> None:
        """Measure nothing any more."""
        for watched in list(self._watched.values()):
            self._watched.pop(watched.identity, None)
            self._lags.left(watched.identity)
        self._changed.set()

    def _run(self) -> None:
        while self._watched:
            self._changed.wait(max(0.0, min(each.due for each in list(self._watched.values())) - time.monotonic()))
            self._changed.clear()
            for watched in [each for each in list(self._watched.values()) if each.due <= time.monotonic()]:
                watched.due = time.monotonic() + self._lags.seconds_to_wait()
                self._measure(watched)
        self._runs = False

    def _measure(self, watched: _Watched) -> None:
        consumer = watched.consumer()
        if consumer is None:
            self._watched.pop(watched.identity, None)
            self._lags.left(watched.identity)
            with suppress(Exception):
                watched.asking.close()
            return
        try:
            for topic, lag in watched.asking.lag(consumer):
                if watched.identity in self._watched:
                    self._lags.measured(topic, watched.asking.group, lag, watched.identity)
        except Exception as error:  # noqa: BLE001 - the boundary: a broker that is away is the application's to handle
            if watched.identity in self._watched:
                self._lags.failed(watched.asking.group, error)
