# SPDX-License-Identifier: Apache-2.0
"""What servers know of their clients and do not tell: that one has left while its request is being served.

ASGI tells it to whoever receives, which an application that works on its answer does not do. uvicorn and hypercorn keep
it beside the `send` that they hand out; granian keeps it to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

_LEFT = {"uvicorn": attrgetter("__self__.disconnected"), "hypercorn": attrgetter("__self__.closed")}
_MAX_KINDS = 64

Left = Callable[[Any], Any]


class _LeftByClient(dict[type, "Left | None"]):
    """How a `send` says that the client has left, by the class that it is a method of; None if it does not."""

    def __missing__(self, kind: type) -> Left | None:
        if len(self) >= _MAX_KINDS:
            self.clear()
        left = self[kind] = _LEFT.get(str(kind.__module__).partition(".")[0])
        return left


left_by_client = _LeftByClient()
