# SPDX-License-Identifier: Apache-2.0
"""What calls share: the tracer, and metrics of duration by method, host and status, of calls that failed, too."""

from __future__ import annotations

from typing import Any, NamedTuple

from opentelemetry.metrics import Histogram
from opentelemetry.trace import Tracer

from otel_distro.http.correlation import Policy
from otel_distro.http.spans import starter
from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind


class CallOutcome(NamedTuple):
    """What tells one client series from another."""

    method: str
    host: str
    port: int | None
    version: str | None
    status: int | None
    error: str | None

    def attributes(self) -> dict[str, Any]:
        """Return the metric attributes."""
        named = {
            "http.request.method": self.method,
            "server.address": self.host,
            "server.port": self.port,
            "network.protocol.version": self.version,
            "http.response.status_code": self.status,
            "error.type": self.error,
        }
        return {key: value for key, value in named.items() if value is not None}


class ClientTelemetry:
    """What all calls of an instrumented client share.

    Attributes:
        start: Starts a span.
        policy: Which ids are sent on, and to whom.
    """

    # Hosts come from the application's data at times (crawlers, webhooks): beyond this many the cache starts over,
    # and the instrument's own limit decides what is counted apart.
    _MAX_SERIES = 2000

    def __init__(self, tracer: Tracer, histogram: Histogram, policy: Policy) -> None:
        self.start = starter(tracer)
        self.policy = policy
        self._histogram = histogram
        self._series: dict[tuple[Any, ...], BoundSeries | UnboundSeries] = {}

    def series(self, outcome: tuple[Any, ...]) -> BoundSeries | UnboundSeries:
        """Return where calls of this outcome are counted; it has the fields of `CallOutcome`."""
        series = self._series.get(outcome)
        if series is None:
            if len(self._series) >= self._MAX_SERIES:
                self._series.clear()
            series = self._series[outcome] = bind(self._histogram, CallOutcome(*outcome).attributes())
        return series
