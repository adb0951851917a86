# SPDX-License-Identifier: Apache-2.0
"""The exporters that are not ours, at the end of the process: within the same time, with the same last words.

gRPC, console, Zipkin, pushed metrics, what an OTEL_CONFIG_FILE declares, and what the application adds itself.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from typing import Any

from otel_distro import diagnostics
from otel_distro.otlp.notices import say_lost
from otel_distro.upstream.exporting import Batching, Pushing, exporting, parts_of
from otel_distro.upstream.threads import Signal, start

ABORT_SECONDS = 0.25  # for a request that is cancelled to come back, so that no thread of upstream's outlives Python

# Parts, not providers, are shut down, and once: what is started again meets the same providers, and a meter provider
# that was shut down gives no meters any more.
_ended: list[Any] = []


class Others:
    """All that exports in one provider, but our own exporter.

    Args:
        signal: "traces", "metrics" or "logs".
        provider: The SDK's provider of that signal.
    """

    def __init__(self, signal: str, provider: Any) -> None:
        self._signal = signal
        self._provider = provider
        self._flushing: list[Signal] = []
        atexit.unregister(provider.shutdown)  # its own, which knows no deadline
        self.addresses = [part.exporter.address for part in self._exporting()]
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_in_child)

    def flush(self, seconds: float) -> None:
        """Begin to flush all at once, or wait for the flush that is under way."""
        if not self._flushing:
            self._exporting()  # what the application has added since is counted from now on
            self._flushing = [self._begin(part.force_flush) for part in self._parts()]
        deadline = time.monotonic() + seconds
        if seconds and all(flushed.wait(deadline - time.monotonic()) for flushed in self._flushing):
            self._flushing = []

    def close(self, seconds: float) -> None:
        """Shut down within the time, and say what was lost."""
        deadline, parts = time.monotonic() + seconds, self._exporting()
        ending = [self._begin(part.shutdown) for part in self._parts()]
        if not all(ended.wait(deadline - time.monotonic()) for ended in ending):
            self._begin(lambda: [part.abort() for part in parts]).wait(ABORT_SECONDS)
        _ended.extend(self._parts())
        for part in parts:
            if lost := part.undelivered:
                say_lost(lost, self._signal, part.exporter.address)

    def _parts(self) -> list[Any]:
        return [part for part in parts_of(self._provider) if not any(part is ended for ended in _ended)]

    def _exporting(self) -> list[Batching | Pushing]:
        return [found for part in self._parts() if (found := exporting(part)) is not None]

    def _begin(self, step: Callable[[], object]) -> Signal:
        try:
            return start(lambda: self._run(step), f"otel-distro-{self._signal}")
        except RuntimeError:  # Python 3.12.0 to 3.12.2 start no thread while the interpreter ends
            self._run(step)
            ended = Signal()
            ended.set()
            return ended

    def _run(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a thread's last boundary
            diagnostics.fault(f"upstream's exporters of {self._signal}", error)

    def _begin_in_child(self) -> None:
        """Forget what a forked process's parent has counted, and what it was doing."""
        self._flushing = []
        for part in self._exporting():
            part.exporter.begin_at_zero()
