# SPDX-License-Identifier: Apache-2.0
"""uWSGI forks its workers in C, past Python's fork hooks; it calls `uwsgi.post_fork_hook` in the child.

Its master forks without Python's lock, so a thread of ours that runs there at that moment would leave the lock held in
the worker, which hangs for ever: nothing of ours may run in the master.
https://uwsgi-docs.readthedocs.io/en/latest/PythonDecorators.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from otel_distro.imports import when_imported

_PROGRAMS = frozenset({"pyuwsgi", "uwsgi"})


def on_fork(callback: Callable[[], None]) -> None:
    """Call back in every worker, mule and spooler, if this process is uWSGI's."""
    if not is_here():
        return
    # We start before uWSGI puts its functions into the module of this name, which it takes as it finds it.
    module: Any = sys.modules.setdefault("uwsgi", ModuleType("uwsgi"))
    module.post_fork_hook = _both(callback, getattr(module, "post_fork_hook", None))
    # This one replaces the hook by its own, which calls those in a list.
    when_imported("uwsgidecorators", lambda: sys.modules["uwsgidecorators"].postfork_chain.insert(0, callback))


def is_here() -> bool:
    """Whether this process is uWSGI's."""
    if "uwsgi" in sys.modules:
        return True
    programs = {PurePath(part).name for part in sys.orig_argv[:2]}
    with suppress(OSError):
        programs.add(Path("/proc/self/exe").readlink().name)
    return not programs.isdisjoint(_PROGRAMS)


def is_master() -> bool:
    """Whether this process will fork, or become a worker itself without, and tell us so by the hook."""
    worker = getattr(sys.modules.get("uwsgi"), "worker_id", None)  # uWSGI's functions are there later than we are
    return is_here() and (worker is None or not worker())


def _both(callback: Callable[[], None], earlier: Any) -> Callable[[], None]:
    def hook() -> None:
        callback()
        if callable(earlier):
            earlier()

    return hook
