# SPDX-License-Identifier: Apache-2.0
"""Start what this process needs, once, and know what stands in it.

Nothing here raises into the application, except `OTEL_DISTRO_STRICT=true`, which ends the process before the application
begins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from otel_distro import diagnostics
from otel_distro.imports import when_imported
from otel_distro.lifecycle.replaced import OUR_OWN, REPLACED
from otel_distro.lifecycle.runtime import Runtime, off
from otel_distro.roles import Role, recognise
from otel_distro.settings.environ import prepare_upstream, read
from otel_distro.settings.files import unusable_files
from otel_distro.settings.reading import Reading
from otel_distro.upstream import read_conventions_anew

EX_CONFIG = 78  # sysexits.h: something was found in an unconfigured or misconfigured state


class _Process:
    """The state of this process: at most one runtime stands."""

    reading: Reading | None = None
    runtime: Runtime | None = None
    undo_environment: Callable[[], None] | None = None


_process = _Process()


def standing() -> Runtime | None:
    """Return what stands in this process, if anything does."""
    return _process.runtime


def prepare() -> Reading:
    """Read the environment, once, and fill in what upstream shall find there."""
    if _process.reading is None:
        _process.reading = read()
        if not _process.reading.settings.disabled:
            _process.undo_environment = prepare_upstream(_process.reading)
    return _process.reading


def start(role: Role | None = None, **launcher: Any) -> Runtime:
    """Start everything that this process's role needs, unless it stands already, and return the handle.

    Args:
        role: This process's role; recognised by default.
        launcher: The launcher's keyword arguments for the SDK's configurator; none when called from code.
    """
    if _process.runtime is None:
        reading = prepare()
        _process.runtime = Runtime(reading.settings, role or recognise())
        _process.runtime.on_close("process", _forget)  # the first that is registered is the last that is closed
        if _process.runtime.stands:
            _bring_up(_process.runtime, reading, launcher)
    return _process.runtime


def _forget(_seconds: float) -> None:
    """Be as before the start: the next one reads the environment as it is then."""
    if _process.undo_environment is not None:
        _process.undo_environment()
        read_conventions_anew()
    _process.runtime = _process.reading = _process.undo_environment = None


def _bring_up(runtime: Runtime, reading: Reading, launcher: dict[str, Any]) -> None:
    from otel_distro.lifecycle.parts import bring_up  # imports the SDK, which not every process needs

    # A spawned worker has the environment of its parent, which has said what is to be said about it.
    is_news = runtime.role is not Role.WORKER or not runtime.settings.owner
    if is_news:
        runtime.problems.extend((*reading.complaints, *unusable_files(runtime.settings, reading.sources)))
    runtime.switched_off = frozenset(reading.upstream["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] or ())
    bring_up(runtime, launcher)
    _tell(runtime.problems, strict=runtime.settings.strict)
    if is_news:
        _tell(list(reading.doubts), strict=False)
    if runtime.role in {Role.SUPERVISOR, Role.RELOADER}:
        runtime.announce()


def _tell(problems: list[str], *, strict: bool) -> None:
    if problems and strict:
        _refuse(problems)
    for problem in problems:
        diagnostics.report(problem)


def _refuse(problems: list[str]) -> None:
    """End the process with all problems: an exception inside `sitecustomize` would be swallowed."""
    listed = "".join(f"\n  {problem}" for problem in problems)
    print(f"otel-distro: not started, OTEL_DISTRO_STRICT=true:{listed}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(EX_CONFIG)


def instrument(entry_point: Any, **options: Any) -> None:
    """Load one instrumentation for the launcher: those that we replace when their library is imported, others now."""
    runtime = _process.runtime
    if runtime is None or not runtime.stands or entry_point.name in OUR_OWN:
        return
    contrib = REPLACED.get(entry_point.name)
    if contrib is None:
        _instrument(runtime, entry_point, options)
        return
    act = partial(_instrument, runtime, entry_point, options)
    forget = when_imported(entry_point.name, act, needs=contrib, again=True)
    runtime.on_close(f"instrumentation {entry_point.name}", lambda _seconds: forget())


def _instrument(runtime: Runtime, entry_point: Any, options: dict[str, Any]) -> None:
    try:
        _load(runtime, entry_point, options)
    except ModuleNotFoundError:
        raise  # the launcher passes over it: the library is not installed
    except Exception as error:  # noqa: BLE001 - the boundary: under upstream, one that raises stops all the others
        _tell([off(f"instrumentation {entry_point.name}", error)], strict=runtime.settings.strict)


def _load(runtime: Runtime, entry_point: Any, options: dict[str, Any]) -> None:
    if entry_point.name not in REPLACED:
        entry_point.load()().instrument(**options)
        return
    from otel_distro.http.instrumentors import observe
    from otel_distro.upstream import fits_its_library

    # The launcher has compared versions before; that takes a parser of versions, so we wait for the library with it.
    if not options.get("skip_dep_check") and not fits_its_library(entry_point):
        return
    options = {**options, "skip_dep_check": True}
    undo = observe(entry_point.name, options)
    if undo is not None:
        runtime.on_close(f"{entry_point.name}, observed", lambda _seconds: undo())
