# SPDX-License-Identifier: Apache-2.0
"""Stand where `SIG_DFL` stands, for the signals whose default ends a process, so that what is buffered is sent first.

To everybody else it is still `SIG_DFL` that stands there: `signal.getsignal` and `signal.signal` say so. Who asks whether
the signal is free, puts the default back (gunicorn's UvicornWorker does, at its start) or chains to the handler that was
there before finds what is there without us.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from otel_distro.ground import phase
from otel_distro.ground.patch import Patches
from otel_distro.lifecycle.sigaction import is_pythons

# SIGINT is not among them: its default in Python is KeyboardInterrupt, and who wants SIG_DFL there wants no Python to run.
# But in a worker of gunicorn: UvicornWorker puts SIG_DFL there, and a server's main thread runs Python.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
GUNICORN_WORKER, ENDING_THERE = "gunicorn.workers.base", (signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT))
INIT_PID = 1  # the kernel spares the first process of a container the signals that it has no handler for


class StandIn:
    """The handler that does what `SIG_DFL` does, a moment later.

    Args:
        close: Sends off what is buffered and closes; the process ends afterwards.
        flush: Only sends it off, where the process does not end by this signal; True to wait for it.

    Attributes:
        at_work: Whether the end is under way already, so that another signal changes nothing.
    """

    def __init__(self, close: Callable[[], object], flush: Callable[[bool], object]) -> None:
        self._close = close
        self._flush = flush
        self._signal: Any = signal.signal
        self._getsignal: Any = signal.getsignal
        self._patches = Patches()
        self.at_work = False

    def install(self) -> None:
        """Take the signals that nobody has, and hear of those that are given back to `SIG_DFL` later."""
        if signal.signal is self._signal:
            self._patches.set(signal, "signal", self._unseen_signal())
            self._patches.set(signal, "getsignal", self._unseen_getsignal())
        for number in ENDING:
            if _in_main_thread() and self._getsignal(number) is signal.SIG_DFL:
                self._signal(number, self)

    def uninstall(self) -> None:
        """Give the signals back, unless somebody else has taken them meanwhile."""
        self._patches.undo()
        for number in (*ENDING, *ENDING_THERE):
            if _in_main_thread() and self._getsignal(number) is self:
                self._signal(number, signal.SIG_DFL)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Close and end as `SIG_DFL` ends the process, or only flush where that would not end it either."""
        if self.at_work:
            return
        self.at_work = True
        if os.getpid() != INIT_PID:
            phase.enter(phase.Phase.STOPPING)
        if os.getpid() == INIT_PID:
            self._flush(False)
        elif self._getsignal(number) is not self or not is_pythons(number, self._signal, self):
            self._flush(True)  # called by a handler that has taken our place: the end is its own affair
        else:
            self._close()
            self._signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.at_work = False

    def _unseen_signal(self) -> Callable[..., Any]:
        @functools.wraps(self._signal)
        def set_handler(signalnum: Any, handler: Any) -> Any:
            ours = isinstance(handler, int) and handler == signal.SIG_DFL and _ends_process(signalnum)
            return self._seen(self._signal(signalnum, self if ours else handler))

        return set_handler

    def _unseen_getsignal(self) -> Callable[..., Any]:
        @functools.wraps(self._getsignal)
        def get_handler(signalnum: Any) -> Any:
            return self._seen(self._getsignal(signalnum))

        return get_handler

    def _seen(self, handler: Any) -> Any:
        return signal.SIG_DFL if handler is self else handler


def _ends_process(number: Any) -> bool:
    return number in ENDING or (number in ENDING_THERE and GUNICORN_WORKER in sys.modules)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
