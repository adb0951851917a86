# SPDX-License-Identifier: Apache-2.0
"""Who handles a signal in C: Python, or native code that has taken its place and calls Python's handler as "the one before".

Servers in native code (tokio's, by Rust's signal-hook) do that. `signal.getsignal` knows nothing of it.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

_POINTER = 8  # the handler is the first member of `struct sigaction`, on Linux and on macOS
_MORE_THAN_SIGACTION = 256


def is_pythons(number: int, set_handler: Callable[[int, Any], Any], any_handler: Any) -> bool:
    """Whether a signal with a handler in Python is still handled by Python in C; True where that cannot be told.

    Args:
        number: The signal.
        set_handler: `signal.signal`.
        any_handler: Something to set: Python's handler in C is the same for all, and read from a signal of no use.
    """
    try:
        spare = max(each for each in signal.valid_signals() if signal.getsignal(each) is signal.SIG_DFL)
        set_handler(spare, any_handler)
        try:
            return _in_c(number) == _in_c(spare)
        finally:
            set_handler(spare, signal.SIG_DFL)
    except Exception:  # noqa: BLE001 - no ctypes, no such function: as if there were only Python
        return True


def _in_c(number: int) -> bytes:
    import ctypes  # 5 ms, in processes that end

    action = ctypes.create_string_buffer(_MORE_THAN_SIGACTION)
    if ctypes.CDLL(None).sigaction(number, None, action):
        raise OSError(f"sigaction does not know of {number} on {sys.platform}")
    return action.raw[:_POINTER]
