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
import sys
from collections.abc import Callable

from otel_distro.lifecycle.runtime import Runtime
from otel_distro.lifecycle.signals import StandIn
from otel_distro.upstream.threads import start

LAST_WORDS_SECONDS = 0.5  # after the deadline: to say what was lost by it


def install(runtime: Runtime) -> StandIn:
    """Flush the runtime's signals however the process ends; exit status and other handlers stay as they were."""
    handler = StandIn(functools.partial(_aside, runtime, runtime.close), functools.partial(_flush_aside, runtime))
    at_exit = functools.partial(_close_at_exit, runtime, handler)
    atexit.register(at_exit)
    runtime.on_close("atexit", lambda _seconds: atexit.unregister(at_exit))
    handler.install()
    runtime.on_close("signal handler", lambda _seconds: handler.uninstall())
    os.register_at_fork(after_in_child=lambda: _flush_multiprocessing_child(runtime))
    return handler


def _close_at_exit(runtime: Runtime, handler: StandIn) -> None:
    """Close, and keep the exit status of a process that a KeyboardInterrupt ends.

    CPython notes that in a flag, which any `exec` of a string clears, and modules that are first imported for the flush
    run some. Raising the same from an `exec` sets it again (`run_eval_code_obj` in CPython's Python/pythonrun.c).
    """
    handler.at_work = True
    with contextlib.suppress(KeyboardInterrupt):  # a second one: whoever is in such a hurry waits no longer
        try:
            runtime.close()
        except SystemExit:  # a handler of the application's came in between: the exit that it wants is under way
            runtime.close()
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")  # noqa: S102 - a constant


def _flush_aside(runtime: Runtime, wait: bool) -> None:
    _aside(runtime, runtime.flush_at_end if wait else runtime.flush, wait=wait)


def _aside(runtime: Runtime, step: Callable[[], None], *, wait: bool = True) -> None:
    """Run a step in a thread: the main thread may have been interrupted while it held one of our locks."""
    try:
        ended = start(step, "otel-distro-end")
    except RuntimeError:  # the interpreter is ending already, and `atexit` closes
        return
    if wait:
        ended.wait(runtime.settings.shutdown_timeout_seconds + LAST_WORDS_SECONDS)


def _flush_multiprocessing_child(runtime: Runtime) -> None:
    """A forked child of multiprocessing ends by `os._exit`: only multiprocessing's own finalizers run there."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # The child's start clears all finalizers and runs these callbacks afterwards.
        util.register_after_fork(runtime, lambda owner: util.Finalize(owner, owner.close, exitpriority=-100))
