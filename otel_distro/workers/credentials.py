# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of a Unix socket, as the kernel says it.

The name of an abstract socket is listed for every user and container of the network namespace, and when the owner has
ended anybody may take it.
"""

from __future__ import annotations

import os
import socket
import struct

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_ROOT = 0


def credentials(sock: socket.socket) -> tuple[int, int]:
    """Return the process and the user at the other end; for a listener, of when it began to listen."""
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid, uid


def is_kin(pid: int, uid: int) -> bool:
    """Whether a process may be a member: our own user's, and one that we see.

    A process of another container has no number here; nor can its user be told from ours, if we run as the one that
    stands for all users of other user namespaces (65534).
    """
    return pid > 0 and uid == os.getuid()


def may_own(pid: int, uid: int) -> bool:
    """Whether a process may be the owner: also root, which has started us and has more rights anyway."""
    return pid > 0 and uid in (os.getuid(), _ROOT)
