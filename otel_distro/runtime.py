# SPDX-License-Identifier: Apache-2.0
"""Start every part in order, keep what stands, close it in reverse within one deadline.

Each part is isolated: one that fails is named in a warning and the others work. Nothing here raises into the
application, except `OTEL_DISTRO_STRICT=true`, which ends the process before the application begins.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from otel_distro import diagnostics
from otel_distro.imports import when_imported
from otel_distro.reading import Reading
from otel_distro.roles import Role, recognise
from otel_distro.settings import prepare_upstream, read
from otel_distro.variables import Settings

EX_CONFIG = 78  # sysexits.h: something was found in an unconfigured or misconfigured state
REPLACED = frozenset({"fastapi", "httpx", "httpx2"})  # contrib's instrumentations that ours take the place of
Close = Callable[[float], object]


class Runtime:
    """What stands in this process.

    Attributes:
        settings: What the environment says.
        role: What this process is among its relatives.
        problems: What is off and why, one sentence each.
        facts: What is on, for the start-up line: part -> where.
    """

    def __init__(self, settings: Settings, role: Role, problems: Iterable[str] = ()) -> None:
        self.settings = settings
        self.role = role
        self.problems = list(problems)
        self.facts: dict[str, object] = {}
        self._closers: list[tuple[str, Close]] = []
        self._flushers: list[tuple[str, Close]] = []
        self._announced = False

    @property
    def stands(self) -> bool:
        """Whether there is anything: not in helpers, nor where everything is switched off."""
        return not self.settings.disabled and self.role is not Role.HELPER

    def part(self, name: str, start: Callable[[], Any]) -> Any:
        """Start one part; when it fails, say so and go on without it."""
        try:
            return start()
        except Exception as error:  # noqa: BLE001  the boundary: a part that fails must not stop the others
            self.problems.append(f"{name} is off: {type(error).__name__}: {error}")
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
            diagnostics.inform("telemetry is on", role=self.role.value, pid=os.getpid(), **self.facts)

    def flush(self) -> None:
        """Send off what is buffered, all signals within one deadline; nothing is closed."""
        self._flush(self._deadline())

    def close(self) -> None:
        """Flush, then undo every part in reverse, all within one deadline; a second call does nothing."""
        deadline = self._deadline()
        self._flush(deadline)
        closers, self._closers, self._flushers = self._closers[::-1], [], []
        self._run(closers, deadline)
        if _process.runtime is self:
            _process.runtime = None

    def _deadline(self) -> float:
        return time.monotonic() + self.settings.shutdown_timeout_seconds

    def _flush(self, deadline: float) -> None:
        """Begin every flush before waiting for any: a signal whose collector hangs must not cost the others their time."""
        self._run(self._flushers, 0.0)
        self._run(self._flushers, deadline)

    def _run(self, steps: list[tuple[str, Close]], deadline: float) -> None:
        for name, step in steps:
            try:
                step(max(0.0, deadline - time.monotonic()))
            except Exception as error:  # noqa: BLE001  the boundary: the rest must still be closed
                diagnostics.fault(f"closing {name}", error)


class _Process:
    """The state of this process: at most one runtime stands."""

    reading: Reading | None = None
    runtime: Runtime | None = None


_process = _Process()


def prepare() -> Reading:
    """Read the environment, once, and fill in what upstream shall find there."""
    if _process.reading is None:
        _process.reading = read()
        if not _process.reading.settings.disabled:
            prepare_upstream(_process.reading)
    return _process.reading


def start(**launcher: Any) -> Runtime:
    """Start everything that this process's role needs, unless it stands already, and return the handle.

    Args:
        launcher: The launcher's keyword arguments for the SDK's configurator; none when called from code.
    """
    if _process.runtime is None:
        reading = prepare()
        _process.runtime = Runtime(reading.settings, recognise(), map(str, reading.problems))
        if _process.runtime.stands:
            _bring_up(_process.runtime, launcher)
    return _process.runtime


def _bring_up(runtime: Runtime, launcher: dict[str, Any]) -> None:
    from otel_distro.startup import bring_up  # the SDK is imported here, and not in processes that need none of it

    bring_up(runtime, launcher)
    if runtime.problems and runtime.settings.strict:
        _refuse(runtime.problems)
    for problem in runtime.problems:
        diagnostics.report(problem)
    if runtime.role in {Role.SUPERVISOR, Role.RELOADER}:
        runtime.announce()


def _refuse(problems: list[str]) -> None:
    """End the process with all problems: an exception inside `sitecustomize` would be swallowed."""
    listed = "".join(f"\n  {problem}" for problem in problems)
    print(f"otel-distro: not started, OTEL_DISTRO_STRICT=true:{listed}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(EX_CONFIG)


def instrument(entry_point: Any, **options: Any) -> None:
    """Load one instrumentation for the launcher: those that we replace when their library is imported, others now."""
    runtime = _process.runtime
    if runtime is None or not runtime.stands:
        return
    if entry_point.name in REPLACED:
        when_imported(entry_point.name, lambda: _instrument(runtime, entry_point, options))
    else:
        _instrument(runtime, entry_point, options)


def _instrument(runtime: Runtime, entry_point: Any, options: dict[str, Any]) -> None:
    try:
        _instrumentor(entry_point).instrument(**options)
    except ModuleNotFoundError:
        raise  # the launcher passes over it: the library is not installed
    except Exception as error:  # noqa: BLE001  the boundary: under upstream, one that raises stops all the others
        problem = f"instrumentation {entry_point.name} is off: {type(error).__name__}: {error}"
        if runtime.settings.strict:
            _refuse([problem])
        diagnostics.report(problem)


def _instrumentor(entry_point: Any) -> Any:
    if entry_point.name not in REPLACED:
        return entry_point.load()()
    from otel_distro.http.instrumentors import replace

    ours = replace(entry_point.name, entry_point)
    return ours() if ours is not None else entry_point.load()()
