# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of the collector, and credentials that stand in a URL."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit


class Proxy(NamedTuple):
    """Where to connect instead, and what to say there first; `str` of it has no credentials."""

    host: str
    port: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Read a proxy's URL; one without a port listens at 80, as requests has it."""
        parts = urlsplit(url)
        credentials = basic_credentials(parts)
        headers = {"Proxy-Authorization": credentials} if credentials else {}
        return cls(parts.hostname or "", parts.port or 80, headers)

    def __str__(self) -> str:
        """Name it without credentials."""
        return f"{self.host}:{self.port}"


def basic_credentials(url: SplitResult) -> str | None:
    """Return the value of an `Authorization` header (RFC 7617) for a URL with a user, None for one without."""
    if not url.username and not url.password:
        return None
    pair = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def host_and_port(url: SplitResult) -> str:
    """Return host and port as the `Host` header has them."""
    return url.netloc.rpartition("@")[2]
