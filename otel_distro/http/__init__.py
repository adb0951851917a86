# SPDX-License-Identifier: Apache-2.0
"""HTTP servers and clients: spans, metrics, access events and correlation at a fraction of upstream's price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_distro.variables import HttpSettings

__all__ = ["install"]


def install(
    settings: HttpSettings, access: Callable[..., Any] | None = None, started: Callable[..., Any] | None = None
) -> Callable[[], None]:
    """Set what the instrumentors of this process build on, and let the correlation ids travel; return the undo.

    Args:
        settings: Excluded URLs, correlation headers, trust.
        access: Called once per request with the fields of the access event; None for no access events.
        started: Called when a request begins, if there are events for that, too.
    """
    # Here and not above: logs read `http.correlation`, and shall not load the servers for it.
    from opentelemetry.propagate import get_global_textmap, set_global_textmap
    from opentelemetry.propagators.composite import CompositePropagator

    from otel_distro.http import instrumentors
    from otel_distro.http.correlation import CorrelationPropagator

    before, textmap = instrumentors.installation(), get_global_textmap()
    installation = instrumentors.Installation(settings, access, started)
    instrumentors.use(installation)
    set_global_textmap(CompositePropagator([textmap, CorrelationPropagator(installation.policy)]))

    def undo() -> None:
        set_global_textmap(textmap)
        instrumentors.use(before)

    return undo
