# SPDX-License-Identifier: Apache-2.0
"""Metrics of the HTTP server: duration by method, route and status, and requests in flight by method."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import SpanContext

from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class Outcome(NamedTuple):
    """What tells one server series from another; every value is from a short list or from the routes."""

    method: str
    scheme: str | None
    version: str | None
    route: str | None
    status: int | None
    error: str | None

    def attributes(self) -> dict[str, Any]:
        """Return the metric attributes."""
        named = {
            "http.request.method": self.method,
            "url.scheme": self.scheme,
            "network.protocol.version": self.version,
            "http.route": self.route,
            "http.response.status_code": self.status,
            "error.type": self.error,
        }
        return {key: value for key, value in named.items() if value is not None}


class ServerMetrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter, *, body_sizes: bool) -> None:
        self._duration = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self._series: dict[tuple[Any, ...], BoundSeries | UnboundSeries] = {}
        # A set per method and scheme: adding and discarding a request is atomic and happens at most once, so the
        # count is exact in every thread and returns to zero whatever ends the request.
        self._in_flight: dict[tuple[str, str | None], set[object]] = {}
        meter.create_observable_up_down_counter(
            "http.server.active_requests",
            callbacks=[self._observe],
            unit="{request}",
            description="Number of active HTTP server requests.",
        )

    def in_flight(self, method: str, scheme: str | None) -> set[object]:
        """Return the set that a request adds itself to and discards itself from."""
        try:
            return self._in_flight[method, scheme]
        except KeyError:
            return self._in_flight.setdefault((method, scheme), set())

    def record(self, outcome: tuple[Any, ...], seconds: float, span_context: SpanContext | None) -> None:
        """Count a request that ended; `outcome` has the fields of `Outcome`."""
        try:
            series = self._series[outcome]
        except KeyError:
            series = self._series.setdefault(outcome, bind(self._duration, Outcome(*outcome).attributes()))
        series.record(seconds, span_context)

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for (method, scheme), requests in list(self._in_flight.items()):
            attributes = {"http.request.method": method}
            if scheme is not None:
                attributes["url.scheme"] = scheme
            yield Observation(len(requests), attributes)


_by_meter: WeakKeyDictionary[Meter, ServerMetrics] = WeakKeyDictionary()


def server_metrics(meter: Meter, *, body_sizes: bool = False) -> ServerMetrics:
    """Return the instruments of a meter; applications that share a meter share them, or the gauge would count twice."""
    try:
        return _by_meter[meter]
    except KeyError:
        return _by_meter.setdefault(meter, ServerMetrics(meter, body_sizes=body_sizes))
