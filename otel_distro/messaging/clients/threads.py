# SPDX-License-Identifier: Apache-2.0
"""What the clients that hand out messages to threads, kafka-python and confluent-kafka, have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from otel_distro.ground.patch import Patches
from otel_distro.messaging.clients.lag_thread import LagThread
from otel_distro.messaging.handed import stopped

Method = Callable[..., Any]


def stays(_thread: Any) -> bool:
    """Threads are not known to be gone."""
    return False


def closing(original: Method, lags: LagThread | None) -> Method:
    """Return `close`, before which the consumer is measured no more, and what it has handed out is processed."""

    @functools.wraps(original)
    def close(self: Any, *arguments: Any, **options: Any) -> Any:
        if lags is not None:
            lags.unwatch(self)
        stopped(self)
        return original(self, *arguments, **options)

    return close


def undoing(patches: Patches, lags: LagThread | None) -> Callable[[], None]:
    """Return what takes the observation of a client back."""

    def undo() -> None:
        patches.undo()
        if lags is not None:
            lags.close()

    return undo
