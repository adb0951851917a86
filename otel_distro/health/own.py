# SPDX-License-Identifier: Apache-2.0
"""Checks that the application writes itself, run in the process that defines them.

They begin when somebody first asks for what they have found: in a forked worker the threads of its parent are gone, and in a
process that nobody asks they have nothing to tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from otel_distro.health.checks import Check, gauges
from otel_distro.health.found import Checked, Down
from otel_distro.metrics import heartbeat
from otel_distro.metrics.families import Family
from otel_distro.settings.model import HealthSettings

Function = TypeVar("Function", bound=Callable[[], Any])


def is_coroutine_function(function: Callable[[], Any]) -> bool:
    """Whether calling it gives a coroutine; objects with an asynchronous `__call__` are such functions, too."""
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


class Declared(NamedTuple):
    """What the application has said about a check; `timeout_seconds` is None where the environment decides."""

    function: Callable[[], Any]
    timeout_seconds: float | None
    optional: bool

    @property
    def can_run(self) -> bool:
        """Whether there is what it runs on."""
        return not is_coroutine_function(self.function) or heartbeat.serving_loop() is not None

    def check(self, name: str, settings: HealthSettings) -> Check:
        """Return what runs it."""
        limits = replace(settings, timeout_seconds=self.timeout_seconds or settings.timeout_seconds)
        return Check(name, partial(_call, self.function), limits)


class _Process:
    """The application's checks in this process."""

    declared: dict[str, Declared] = {}  # noqa: RUF012 - one per process
    settings = HealthSettings()
    running: dict[str, Check] = {}  # noqa: RUF012 - one per process
    pid = 0


def declare(name: str, function: Callable[[], Any], timeout_seconds: float | None, *, optional: bool) -> None:
    """Have a check run; one of the same name is replaced."""
    _Process.declared[name] = Declared(function, timeout_seconds, optional)
    if (replaced := _Process.running.pop(name, None)) is not None:
        replaced.close()


def use(settings: HealthSettings) -> None:
    """Take over what the environment says about intervals."""
    _Process.settings = settings


def stop() -> None:
    """Run no more checks; what the application has declared stands."""
    running, _Process.running = _Process.running, {}
    for check in running.values():
        check.close()


def found() -> Checked:
    """Return, by name, what was found last, and whether the service can do without; begin where nothing runs yet."""
    if _Process.pid != os.getpid():
        stop()
        _Process.pid = os.getpid()
    for name, declared in list(_Process.declared.items()):
        if name not in _Process.running and declared.can_run:
            _Process.running[name] = declared.check(name, _Process.settings)
            _Process.running[name].start()
    running = dict(_Process.running)
    return {
        name: (
            running[name].found() if name in running else None,
            declared.optional or name in _Process.settings.optional,
        )
        for name, declared in list(_Process.declared.items())
    }


def families() -> Iterator[Family]:
    """Yield what Prometheus, and the process that answers for all workers, shall know."""
    yield from gauges(found())


def _call(function: Callable[[], Any], timeout_seconds: float) -> None:
    """Call a function, here or, if it is a coroutine's, on the event loop that serves."""
    if not is_coroutine_function(function):
        function()
        return
    import asyncio
    from concurrent.futures import TimeoutError as FutureTimeout

    loop = heartbeat.serving_loop()
    if loop is None:
        raise Down("no event loop serves any more")
    answer = asyncio.run_coroutine_threadsafe(asyncio.wait_for(function(), timeout_seconds), loop)
    try:
        answer.result(timeout_seconds)
    except (asyncio.TimeoutError, FutureTimeout):  # which became one with TimeoutError in Python 3.11
        raise TimeoutError from None
    finally:
        answer.cancel()
