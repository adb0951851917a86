# SPDX-License-Identifier: Apache-2.0
"""What a check finds."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from typing import NamedTuple


class Found(NamedTuple):
    """Why a dependency is down, None if it is up, and how long the check took."""

    reason: str | None
    seconds: float


# By name: what was found last, None before the first answer, and whether the service can do without.
Checked = Mapping[str, tuple["Found | None", bool]]


class Down(Exception):  # noqa: N818 - what a check finds, and no error of ours
    """A dependency cannot be used; the text says why, and never where it is or how one logs in."""


def reason_of(error: Exception) -> str:
    """Return why a dependency is down, in words that disclose nothing: no address, no name, no credentials."""
    ssl = sys.modules.get("ssl")  # half a megabyte: what raised its error has imported it
    if isinstance(error, Down):
        return str(error)
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if ssl is not None and isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if ssl is not None and isinstance(error, ssl.SSLError):
        return "it does not speak TLS as expected"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
