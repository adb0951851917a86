# SPDX-License-Identifier: Apache-2.0
"""How the services were started, where the parts listen, and what to try there."""

from __future__ import annotations

from pathlib import Path

from demo.logs import service_colour
from demo.stack import Stack
from demo.terminal import Terminal


def show_commands(terminal: Terminal, stack: Stack) -> None:
    """Show the command of each service, as it was run beside the environment variables."""
    for service in stack.services.values():
        program = Path(service.command[0]).name
        terminal.line("    " + terminal.paint(" ".join([program, *service.command[1:]]), "dim"))


def show_addresses(terminal: Terminal, stack: Stack) -> None:
    terminal.heading("Ports", "the admin port serves /metrics and /health")
    rows = [
        (terminal.paint(name, service_colour(name)), service.url, service.admin_url)
        for name, service in stack.services.items()
    ]
    rows.append(("OTLP receiver", stack.receiver.endpoint, ""))
    terminal.table(("", "application", "admin"), rows, left=3)


def show_invitation(terminal: Terminal, stack: Stack) -> None:
    url, admin = stack.chat_api.url, stack.chat_api.admin_url
    terminal.heading("Running", "Ctrl-C stops; log lines follow")
    terminal.line(f"  curl -i {url}/rooms/lobby/messages \\")
    terminal.line('    --json \'{"text": "hello", "user_id": "ada"}\'')
    terminal.line(f"  curl {admin}/metrics")
    if stack.viewer is not None:
        terminal.line(f"  see it: {terminal.paint(stack.viewer, 'bold')}   (opens the page once)")
    terminal.line()
