# SPDX-License-Identifier: Apache-2.0
"""HTTP servers and clients: spans, metrics, access events and correlation at a fraction of upstream's price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_distro.settings.model import HttpSettings

__all__ = ["install"]


def install(
    settings: HttpSettings,
    access: Callable[..., Any] | None = None,
    started: Callable[..., Any] | None = None,
    serving: Callable[[], object] | None = None,
) -> Callable[[], None]:
    """Set what the instrumentors of this process build on, and let the correlation ids travel; return the undo.

    Args:
        settings: Excluded URLs, correlation headers, trust.
        access: Called once per request with the fields of the access event; None for no access events.
        started: Called when a request begins, if there are events for that, too.
        serving: Called when an application is observed, whose access events take the place of the server's lines.
    """
    # Here and not above: logs read `http.correlation`, and shall not load the servers for it.
    from opentelemetry.propagate import get_global_textmap, set_global_textmap
    from opentelemetry.propagators.composite import CompositePropagator

    from otel_distro.http.correlation import CorrelationPropagator
    from otel_distro.http.installation import Installation, installation, use

    before, textmap, ours = installation(), get_global_textmap(), Installation(settings, access, started, serving)
    use(ours)
    set_global_textmap(CompositePropagator([textmap, CorrelationPropagator(ours.policy)]))

    def undo() -> None:
        set_global_textmap(textmap)
        use(before)

    return undo
