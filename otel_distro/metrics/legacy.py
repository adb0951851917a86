# SPDX-License-Identifier: Apache-2.0
"""The HTTP metrics once more, under the names that older dashboards use (OTEL_DISTRO_METRICS_LEGACY_HTTP_NAMES).

Derived from the sum over all workers when somebody scrapes, so requests pay nothing for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from otel_distro.metrics.families import Distribution, Families, Family, Number, merge

DURATION = "http_server_request_duration_seconds"
ACTIVE = "http_server_active_requests"
UNMATCHED = "unmatched"  # the endpoint of requests that no route took: as in every bounded label, never their path

_LABEL = re.compile(r'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"')


def families(total: Families, prefix: str = "") -> Iterator[Family]:
    """Yield the older families from the newer ones."""
    before = f"{prefix}_" if prefix else ""
    durations, active = total.get(before + DURATION), total.get(before + ACTIVE)
    if durations is not None:
        yield from _requests(durations)
        yield from _durations(durations)
    if active is not None:
        in_flight = sum(point.value for point in active.points.values() if isinstance(point, Number))
        points = {"": Number(in_flight)}
        yield Family(
            "http_requests_in_progress", "gauge", "HTTP requests in progress.", policy="sum", points=dict(points)
        )


def _requests(durations: Family) -> Iterator[Family]:
    """Yield a family per series: `merge` adds up those whose labels become the same."""
    for labels, point in durations.points.items():
        if isinstance(point, Distribution):
            method, endpoint, status = _labels(labels)
            name = f'endpoint="{endpoint}",method="{method}",status_code="{status}"'
            yield Family("http_requests", "counter", "HTTP requests.", points={name: Number(sum(point.counts))})


def _durations(durations: Family) -> Iterator[Family]:
    text = "Duration of HTTP requests in seconds."
    for labels, point in durations.points.items():
        method, endpoint, _ = _labels(labels)
        name = f'endpoint="{endpoint}",method="{method}"'
        yield Family("http_request_duration_seconds", "histogram", text, "seconds", points={name: point})


@lru_cache(maxsize=4096)
def _labels(labels: str) -> tuple[str, str, str]:
    found = dict(_LABEL.findall(labels))
    method, route = found.get("http_request_method", ""), found.get("http_route", UNMATCHED)
    return method, route, found.get("http_response_status_code", "")


def add(total: Families, prefix: str = "") -> Families:
    """Return the families with the older ones beside them; `prefix` is what the newer ones' names begin with."""
    merge(total, list(families(total, prefix)))
    return total
