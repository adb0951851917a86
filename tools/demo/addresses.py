# SPDX-License-Identifier: Apache-2.0
"""Where the parts listen, and what to try there."""

from __future__ import annotations

from demo.logs import service_colour
from demo.stack import Stack
from demo.terminal import Terminal


def show_addresses(terminal: Terminal, stack: Stack) -> None:
    terminal.heading("Ports")
    rows = [
        (
            terminal.paint(name, service_colour(name)),
            service.url,
            f"{service.admin_url}/metrics",
            f"{service.admin_url}/health",
        )
        for name, service in stack.services.items()
    ]
    terminal.table(
        ("", "application", "metrics", "health"), [*rows, ("OTLP receiver", stack.receiver.endpoint, "", "")], left=4
    )


def show_invitation(terminal: Terminal, stack: Stack) -> None:
    url, admin = stack.chat_api.url, stack.chat_api.admin_url
    terminal.heading("Running", "Ctrl-C stops; log lines follow")
    terminal.line(f'  curl -i {url}/rooms/lobby/messages --json \'{{"text": "hello", "user_id": "ada"}}\'')
    terminal.line(f"  curl {admin}/metrics")
    terminal.line()
