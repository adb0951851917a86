# SPDX-License-Identifier: Apache-2.0
"""The handle of what stands in this process: its parts are closed in reverse, within one deadline.

Each part is isolated: one that fails is named in a warning and the others work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.allowance import Allowance
from otel_distro.roles import Role
from otel_distro.settings.model import Settings

UNNAMED = "unknown_service"
Close = Callable[[float], object]


class Runtime:
    """What stands in this process.

    Attributes:
        settings: What the environment says.
        role: What this process is among its relatives.
        problems: What is off and why, one sentence each.
        switched_off: Names of instrumentations that shall not be loaded; `*` for all.
        facts: What is on, for the start-up line: part -> where.
        allowance: How long all hooks together may hold up the end.
    """

    def __init__(self, settings: Settings, role: Role, problems: Iterable[str] = ()) -> None:
        self.settings = settings
        self.role = role
        self.problems = list(problems)
        self.switched_off: frozenset[str] = frozenset()
        self.facts: dict[str, object] = {}
        self.allowance = Allowance(settings.shutdown_timeout_seconds)
        self._closers: list[tuple[str, Close]] = []
        self._flushers: list[tuple[str, Close]] = []
        self._announced = False
        self._closed = False

    def __enter__(self) -> Runtime:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "off" if not self.stands else self.role.value
        parts = "".join(f", {name}={where!r}" for name, where in self.facts.items())
        return f"<otel_distro.Runtime {state}, service={self.settings.service.name!r}{parts}, {len(self.problems)} problems>"

    @property
    def stands(self) -> bool:
        """Whether there is anything: not in helpers, nor where everything is switched off."""
        return not self.settings.disabled and self.role is not Role.HELPER

    def part(self, name: str, start: Callable[[], Any]) -> Any:
        """Start one part; when it fails, say so and go on without it."""
        try:
            return start()
        except Exception as error:  # noqa: BLE001 - the boundary: a part that fails must not stop the others
            self.problems.append(off(name, error))
            return None

    def on_close(self, name: str, close: Close) -> None:
        """Register what undoes a part; it gets the seconds that are left."""
        self._closers.append((name, close))

    def on_flush(self, name: str, flush: Close) -> None:
        """Register what sends a part's buffer off and waits; it gets the seconds that are left, 0 to only begin."""
        self._flushers.append((name, flush))

    def announce(self) -> None:
        """Write the start-up line, once, when a server starts."""
        if not self._announced and self.role is not Role.HELPER:
            self._announced = True
            if self.settings.service.name == UNNAMED:
                self.facts["hint"] = "the service has no name: set OTEL_SERVICE_NAME"
            diagnostics.inform("telemetry is on", role=self.role.value, pid=os.getpid(), **self.facts)

    def flush(self) -> None:
        """Send off what is buffered, all signals within one deadline; nothing is closed."""
        self._flush(time.monotonic() + self.settings.shutdown_timeout_seconds)

    def flush_at_end(self) -> None:
        """Do the same because this may be the end: all that ends the process share one deadline."""
        with self.allowance.take() as deadline:
            self._flush(deadline)

    def close(self) -> None:
        """Flush, then undo every part in reverse, all within one deadline; a second call does nothing."""
        with self.allowance.take() as deadline:
            self._flush(deadline)
            self._flushers = []
            while self._closers:  # one by one: what a handler's exception interrupts can be gone on with
                self._run([self._closers.pop()], deadline)
        self._closed = True

    def _flush(self, deadline: float) -> None:
        """Begin every flush before waiting for any: a signal whose collector hangs must not cost the others their time."""
        self._run(self._flushers, 0.0)
        self._run(self._flushers, deadline)

    def _run(self, steps: list[tuple[str, Close]], deadline: float) -> None:
        for name, step in steps:
            try:
                step(max(0.0, deadline - time.monotonic()))
            except Exception as error:  # noqa: BLE001 - the boundary: the rest must still be closed
                diagnostics.fault(f"closing {name}", error)


def off(name: str, error: Exception) -> str:
    """Return the sentence that says which part is off, and why."""
    return f"{name} is off: {type(error).__name__}: {error}"
