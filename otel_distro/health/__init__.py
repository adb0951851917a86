# SPDX-License-Identifier: Apache-2.0
"""Whether the service can do its work: what `/health/ready` of the admin port answers.

PostgreSQL, Redis, Kafka and HTTP services are checked by environment alone (`OTEL_DISTRO_HEALTH_*`); here is how an
application adds a check of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["check"]

Function = TypeVar("Function", bound=Callable[[], Any])


def check(name: str, *, timeout_seconds: float | None = None, optional: bool = False) -> Callable[[Function], Function]:
    """Make a function one of the checks of `/health/ready`: it says that all is well by returning.

    Without a start it does nothing, and the function stays as it is in any case. One that blocks runs in a thread of its
    own, a coroutine function on the event loop that serves.

    Args:
        name: What the check is called in answers and metrics.
        timeout_seconds: How long it may take; by default OTEL_DISTRO_HEALTH_TIMEOUT_SECONDS. One that takes longer is
            down; a blocking one is not interrupted.
        optional: Whether the service is ready without it, and only `degraded`.
    """

    def declare(function: Function) -> Function:
        from otel_distro.health import own

        own.declare(name, function, timeout_seconds, optional=optional)
        return function

    return declare
