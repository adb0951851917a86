# SPDX-License-Identifier: Apache-2.0
"""Threads and locks of the operating system, also where gevent or eventlet have put their own into `threading`.

A greenlet that waits in a queue written in C, as the export thread does, holds up every other greenlet of the process.
Applications are patched before or after us: gunicorn's gevent worker does it after the fork.
"""

from __future__ import annotations

import _thread
import sys
import threading
from _queue import SimpleQueue  # gevent replaces the name in `queue`
from collections.abc import Callable
from typing import Any

__all__ = ["Signal", "SimpleQueue", "start"]


class Signal:
    """Something that happens once, and that other threads wait for. Waiting holds up the whole thread, greenlets included."""

    def __init__(self) -> None:
        self._lock = _native("allocate_lock")()
        self._lock.acquire()

    def set(self) -> None:
        """Say that it has happened; to be called once."""
        self._lock.release()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until it has happened or the time is over; return whether it has."""
        happened: bool = self._lock.acquire(timeout=max(0.0, timeout_seconds))
        if happened:
            self._lock.release()
        return happened


def start(target: Callable[[], object], name: str) -> Signal:
    """Run a function in a daemon thread; return what tells its end.

    Raises:
        RuntimeError: there are no more threads, or the interpreter is ending.
    """
    ended = Signal()

    def run() -> None:
        try:
            target()
        finally:
            ended.set()

    start_native = _native("start_new_thread")
    if start_native is _thread.start_new_thread:
        threading.Thread(target=run, name=name, daemon=True).start()  # known by name to who lists threads
    else:
        start_native(run, ())
    return ended


def _native(name: str) -> Any:
    """Return a function of the module `_thread` as it was before anybody patched it."""
    if (gevent := sys.modules.get("gevent.monkey")) is not None:
        return gevent.get_original("_thread", name)
    if (eventlet := sys.modules.get("eventlet.patcher")) is not None and eventlet.is_monkey_patched("thread"):
        return getattr(eventlet.original("_thread"), name)
    return getattr(_thread, name)
