# SPDX-License-Identifier: Apache-2.0
"""The HTTP metrics once more, under the names that older dashboards use (OTEL_DISTRO_METRICS_LEGACY_HTTP_NAMES).

Derived from the sum over all workers when somebody scrapes, so requests pay nothing for them. Where the application has
a metric of such a name, its own stands alone: two sets of labels and bounds under one name would count everything twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from otel_distro import diagnostics
from otel_distro.ground.bounded import short_cache
from otel_distro.metrics.families import Distribution, Families, Family, Number, merge
from otel_distro.settings.choices import INSTRUMENTATOR, USUAL_LABELS

DURATION = "http_server_request_duration_seconds"
ACTIVE = "http_server_active_requests"
UNMATCHED = "unmatched"  # the endpoint of requests that no route took: as in every bounded label, never their path
# The instrumentator's: services that have it still and services that have us add up under one set of bounds.
# https://github.com/trallnag/prometheus-fastapi-instrumentator, `latency_lowr_buckets`
INSTRUMENTATOR_BOUNDS = (0.1, 0.5, 1.0)

_LABEL = re.compile(r'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"')
_OF_STATUS = frozenset(("status", "status_code", "code"))
_stepped_back: set[str] = set()


class LegacyNames:
    """What the older names are labelled with.

    Args:
        labels: out of `settings.choices.LEGACY_LABELS`, or the instrumentator's name alone.
    """

    def __init__(self, labels: Sequence[str] = USUAL_LABELS) -> None:
        self._grouped = tuple(labels) == (INSTRUMENTATOR,)
        chosen = ("handler", "method", "status") if self._grouped else labels
        self._requests = sorted(chosen)
        self._durations = sorted(set(chosen) - _OF_STATUS)

    def add(self, total: Families, prefix: str = "") -> Families:
        """Return the families with the older ones beside them; `prefix` is what the newer ones' names begin with."""
        older = list(self._families(total, prefix))
        theirs = {family.name for family in older} & total.keys()
        for name in theirs - _stepped_back:
            _stepped_back.add(name)
            diagnostics.report(f"OTEL_DISTRO_METRICS_LEGACY_HTTP_NAMES leaves {name} to the application, which has it")
        merge(total, [family for family in older if family.name not in theirs])
        return total

    def _families(self, total: Families, prefix: str) -> Iterator[Family]:
        before = f"{prefix}_" if prefix else ""
        durations, active = total.get(before + DURATION), total.get(before + ACTIVE)
        if durations is not None:
            for labels, point in durations.points.items():
                if isinstance(point, Distribution):
                    yield from self._of_series(_labels(labels), point)
        if active is not None:
            in_flight = sum(point.value for point in active.points.values() if isinstance(point, Number))
            yield _in_flight(in_flight)

    def _of_series(self, labels: tuple[str, str, str], point: Distribution) -> Iterator[Family]:
        """Yield a family for each name: `merge` adds up those whose labels become the same."""
        counted = {self._text(self._requests, labels): Number(sum(point.counts))}
        yield Family("http_requests", "counter", "HTTP requests.", points=dict(counted))
        text = "Duration of HTTP requests in seconds."
        if self._grouped:
            yield Family("http_request_duration_highr_seconds", "histogram", text, "seconds", points={"": point})
            point = _coarser(point, INSTRUMENTATOR_BOUNDS)
        points = {self._text(self._durations, labels): point}
        yield Family("http_request_duration_seconds", "histogram", text, "seconds", points=dict(points))

    def _text(self, names: Sequence[str], labels: tuple[str, str, str]) -> str:
        method, route, status = labels
        if self._grouped:
            route, status = route or "none", f"{status[:1]}xx"
        values = {"method": method, **dict.fromkeys(_OF_STATUS, status)}
        return ",".join(f'{name}="{values.get(name, route or UNMATCHED)}"' for name in names)


def _in_flight(number: float) -> Family:
    points = {"": Number(number)}
    return Family("http_requests_in_progress", "gauge", "HTTP requests in progress.", policy="sum", points=dict(points))


def _coarser(point: Distribution, bounds: tuple[float, ...]) -> Distribution:
    """Return a histogram with fewer bounds, exactly; as it is if it has not all of them."""
    if not set(bounds) <= set(point.bounds):
        return point
    places = [next((i for i, most in enumerate(bounds) if bound <= most), len(bounds)) for bound in point.bounds]
    counts = [0.0] * (len(bounds) + 1)
    for place, count in zip([*places, len(bounds)], point.counts, strict=True):
        counts[place] += count
    return Distribution(bounds, counts, point.sum, point.created)


@short_cache(4096, longest=1024)
def _labels(labels: str) -> tuple[str, str, str]:
    """Return method, route and status of a series of ours; the route is empty if there is none."""
    found = dict(_LABEL.findall(labels))
    return (
        found.get("http_request_method", ""),
        found.get("http_route", ""),
        found.get("http_response_status_code", ""),
    )
