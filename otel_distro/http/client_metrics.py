# SPDX-License-Identifier: Apache-2.0
"""Metrics of the HTTP client: duration by method, host and status, of calls that failed, too."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from opentelemetry.metrics import Histogram
from opentelemetry.trace import SpanContext

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


class ClientMetrics:
    """The series of one duration histogram."""

    # Hosts come from the application's data at times (crawlers, webhooks): beyond this many the cache starts over,
    # and the instrument's own limit decides what is counted apart.
    _MAX_SERIES = 2000

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._series: dict[tuple[Any, ...], BoundSeries | UnboundSeries] = {}

    def record(self, outcome: tuple[Any, ...], seconds: float, span_context: SpanContext | None) -> None:
        """Count a call that ended; `outcome` has the fields of `CallOutcome`."""
        series = self._series.get(outcome)
        if series is None:
            if len(self._series) >= self._MAX_SERIES:
                self._series.clear()
            series = self._series[outcome] = bind(self._histogram, CallOutcome(*outcome).attributes())
        series.record(seconds, span_context)


_by_histogram: WeakKeyDictionary[Histogram, ClientMetrics] = WeakKeyDictionary()


def client_metrics(histogram: Histogram) -> ClientMetrics:
    """Return the series of a histogram."""
    try:
        return _by_histogram[histogram]
    except KeyError:
        return _by_histogram.setdefault(histogram, ClientMetrics(histogram))
