# SPDX-License-Identifier: Apache-2.0
"""Leave the services running, and show what they log meanwhile."""

from __future__ import annotations

import time

from testbed.processes import json_objects

from demo.addresses import show_invitation
from demo.logs import show_lines
from demo.stack import Stack
from demo.terminal import Terminal

_POLL_SECONDS = 0.2


def follow(terminal: Terminal, stack: Stack) -> None:
    """Say what to try, and show new log lines until Ctrl-C or SIGTERM.

    Raises:
        RuntimeError: If a service ends by itself.
    """
    shown = {name: len(service.stdout) for name, service in stack.services.items()}
    try:
        show_invitation(terminal, stack)
        while True:
            _show_new(terminal, stack, shown)
            _require_running(stack)
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        terminal.line()


def _show_new(terminal: Terminal, stack: Stack, shown: dict[str, int]) -> None:
    fresh = []
    for name, service in stack.services.items():
        lines = service.stdout[shown[name] :]
        shown[name] += len(lines)
        fresh += json_objects(lines)
    if fresh:
        show_lines(terminal, sorted(fresh, key=lambda line: line["timestamp"]), header=False)


def _require_running(stack: Stack) -> None:
    for name, service in stack.services.items():
        if service.exit_code is not None:
            raise RuntimeError(f"{name} ended with {service.exit_code}:\n{service.output}")
