# SPDX-License-Identifier: Apache-2.0
"""FastStream on aiokafka."""

from __future__ import annotations

from collections.abc import Callable

from otel_distro.messaging.clients.faststream import observe
from otel_distro.messaging.telemetry import Telemetry


def install(telemetry: Telemetry) -> Callable[[], None]:
    """Observe its subscribers; return the undo."""
    return observe(telemetry, "kafka")
