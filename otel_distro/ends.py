# SPDX-License-Identifier: Apache-2.0
"""Every way in which a process ends, so that nothing that is buffered is lost.

No single hook runs everywhere: uvicorn re-raises the signal into the handler that it found and skips `atexit`, gunicorn's
UvicornWorker resets handlers and skips both, its `asgi` worker skips the handler. Lifespan shutdown, the signal handler
and `atexit` together cover all of them (docs/workers.md, "The end of the process").
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import signal
import sys
import threading
from types import FrameType

from otel_distro.runtime import Runtime

LAST_WORDS_SECONDS = 0.5  # after the deadline: to say what was lost by it


def install(runtime: Runtime) -> TerminationHandler:
    """Flush the runtime's signals however the process ends; exit status and other handlers stay as they were."""
    at_exit = functools.partial(_close_at_exit, runtime)
    atexit.register(at_exit)
    runtime.on_close("atexit", lambda _seconds: atexit.unregister(at_exit))
    handler = TerminationHandler(runtime)
    handler.install()
    runtime.on_close("signal handler", lambda _seconds: handler.uninstall())
    os.register_at_fork(after_in_child=lambda: _flush_multiprocessing_child(runtime))
    return handler


class TerminationHandler:
    """Closes on SIGTERM where nobody else handles it, then lets the signal do what it would have done."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def install(self) -> None:
        """Take SIGTERM if nobody has it; also called again when an application is built, for gunicorn resets it."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self)

    def uninstall(self) -> None:
        """Give SIGTERM back, unless somebody else has taken it meanwhile."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is self:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        """Close, then end as the signal would have ended the process."""
        close_aside(self._runtime)
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def _close_at_exit(runtime: Runtime) -> None:
    """Close, and keep the exit status of a process that a KeyboardInterrupt ends.

    CPython notes that in a flag, which any `exec` of a string clears, and modules that are first imported for the flush
    run some. Raising the same from an `exec` sets it again (`run_eval_code_obj` in CPython's Python/pythonrun.c).
    """
    runtime.close()
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")  # noqa: S102  a constant


def close_aside(runtime: Runtime) -> None:
    """Close in a thread and wait: the main thread may have been interrupted while it held one of our locks."""
    closer = threading.Thread(target=runtime.close, name="otel-distro-close", daemon=True)
    closer.start()
    closer.join(runtime.settings.shutdown_timeout_seconds + LAST_WORDS_SECONDS)


def _flush_multiprocessing_child(runtime: Runtime) -> None:
    """A forked child of multiprocessing ends by `os._exit`: only multiprocessing's own finalizers run there."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # The child's start clears all finalizers and runs these callbacks afterwards.
        util.register_after_fork(runtime, lambda owner: util.Finalize(owner, owner.flush, exitpriority=-100))
