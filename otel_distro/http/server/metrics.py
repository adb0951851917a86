# SPDX-License-Identifier: Apache-2.0
"""Metrics of the HTTP server: duration by method, route and status, requests in flight by method, sizes of bodies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from otel_distro.http.server.arrivals import Arrivals
from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


# Statuses and exceptions are the application's own; their number is bounded all the same.
_MAX_KEPT = 4096


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


class OutcomeSeries(dict[tuple[Any, ...], BoundSeries | UnboundSeries]):
    """The series of a histogram by outcome, each bound when it is first asked for."""

    def __init__(self, histogram: Histogram) -> None:
        super().__init__()
        self._histogram = histogram

    def __missing__(self, outcome: tuple[Any, ...]) -> BoundSeries | UnboundSeries:
        if len(self) >= _MAX_KEPT:
            self.clear()
        return self.setdefault(outcome, bind(self._histogram, Outcome(*outcome).attributes()))


class ServerMetrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.arrivals = Arrivals()
        self._duration = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        meter.create_observable_up_down_counter(
            "http.server.active_requests",
            callbacks=[self._observe],
            unit="{request}",
            description="Number of active HTTP server requests.",
        )

    def series(self, outcome: Outcome) -> BoundSeries | UnboundSeries:
        """Return where requests of this outcome are counted."""
        return bind(self._duration, outcome.attributes())

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for method, scheme, number in self.arrivals.in_flight():
            attributes = {"http.request.method": method}
            if scheme is not None:
                attributes["url.scheme"] = scheme
            yield Observation(number, attributes)

    @cached_property
    def request_sizes(self) -> OutcomeSeries:
        """Where sizes of request bodies are counted, made when it is first asked for: the conventions have it opt-in."""
        return self._sizes("http.server.request.body.size", "Size of HTTP server request bodies.")

    @cached_property
    def response_sizes(self) -> OutcomeSeries:
        """The same for response bodies."""
        return self._sizes("http.server.response.body.size", "Size of HTTP server response bodies.")

    def _sizes(self, name: str, description: str) -> OutcomeSeries:
        return OutcomeSeries(self._meter.create_histogram(name, unit="By", description=description))


_by_meter: WeakKeyDictionary[Meter, ServerMetrics] = WeakKeyDictionary()


def server_metrics(meter: Meter) -> ServerMetrics:
    """Return the instruments of a meter; applications that share a meter share them, or the gauge would count twice."""
    try:
        return _by_meter[meter]
    except KeyError:
        return _by_meter.setdefault(meter, ServerMetrics(meter))
