# SPDX-License-Identifier: Apache-2.0
"""What happens to the admin port and to a membership when the process forks.

Python has no way to take fork hooks back, so they are registered once and look at what there is.
"""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any, Protocol

from otel_distro.workers import uwsgi

_OURS = "otel-distro-"


class Forkable(Protocol):
    """Something that threads of this process use."""

    def before_fork(self) -> None:
        """Come to rest: no lock of ours may be held in the child."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin again: the threads are gone, the descriptors are the parent's."""

    def without_fork(self) -> None:
        """Begin, where the process had to wait for a fork, and there will be none."""


class _OnlyOurThreads:
    """Matches Python 3.12's warning of a fork with threads, while all of them are ours: those rest (`before_fork`)."""

    def match(self, text: str) -> bool:
        """Whether the warning is about nothing but us."""
        others = [thread for thread in threading.enumerate() if not thread.name.startswith(_OURS)]
        return "multi-threaded, use of fork" in text and len(others) == 1


class _Hooks:
    """The one that is told, and whether Python knows of the hooks."""

    def __init__(self) -> None:
        self.current: Forkable | None = None
        self._registered = False
        self._filter = ("ignore", _OnlyOurThreads(), DeprecationWarning, None, 0)
        self._pid = os.getpid()
        self._is_child = False

    def register(self) -> None:
        if not self._registered and hasattr(os, "register_at_fork"):
            self._registered = True
            os.register_at_fork(before=self.before, after_in_parent=self.in_parent, after_in_child=self.in_child)
            uwsgi.on_fork(self.in_uwsgi)

    def keep_quiet(self, *, quiet: bool) -> None:
        """Leave Python's warning of forks with threads out while they rest, and only then."""
        filters: Any = warnings.filters
        if quiet and self._filter not in filters:
            filters.insert(0, self._filter)
        elif not quiet and self._filter in filters:
            filters.remove(self._filter)

    def before(self) -> None:
        if self.current is not None:
            self.current.before_fork()

    def in_parent(self) -> None:
        if self.current is not None:
            self.current.after_fork_in_parent()

    def in_child(self) -> None:
        if self.current is not None and self._pid != os.getpid():  # uWSGI may call Python's hooks and its own
            self._pid, self._is_child = os.getpid(), True
            self.current.after_fork_in_child()

    def in_uwsgi(self) -> None:
        """Hear of a worker, which is this process itself where there is no master.

        With `--py-call-osafterfork` Python's own hook was first, and what it has begun may still be under way in a thread.
        """
        if self._pid != os.getpid():
            self.in_child()
        elif self.current is not None and not self._is_child:
            self.current.without_fork()


_hooks = _Hooks()


def tell(forkable: Forkable | None) -> None:
    """Tell this one of forks from now on, nobody if None."""
    _hooks.current = forkable
    _hooks.register()
    _hooks.keep_quiet(quiet=forkable is not None)
