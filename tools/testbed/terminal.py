# SPDX-License-Identifier: Apache-2.0
"""Run a command on a real pseudo-terminal, to see what a person would."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence

from testbed.processes import clean_environment, located


def run_on_terminal(
    command: Sequence[str], environment: Mapping[str, str], *, columns: int, timeout: float = 60.0
) -> tuple[int, str]:
    """Run a command of this Python environment on a terminal of so many columns; return exit code and output."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    program = subprocess.Popen(
        [located(command[0]), *command[1:]],
        env=clean_environment({"TERM": "xterm-256color", **environment}),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    output = _read_all(leader)
    return program.wait(timeout), output


def _read_all(leader: int) -> str:
    """Read until the program's end of the terminal is closed, which Linux reports as EIO."""
    chunks = []
    with os.fdopen(leader, "rb", buffering=0) as stream:
        while True:
            try:
                chunk = stream.read(65536)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
    return b"".join(chunks).decode()
