# SPDX-License-Identifier: Apache-2.0
"""What requests share that ended alike: the series they are counted in, and what their spans get at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.trace import SpanContext

from otel_distro.ground.exceptions import kind_of
from otel_distro.http.attributes import span_name
from otel_distro.http.server.metrics import Outcome, ServerMetrics

# Routes, statuses and exceptions are the application's own; their number is bounded all the same.
_MAX_KEPT = 4096


class Ending(NamedTuple):
    """How requests of one outcome end.

    Attributes:
        record: Counts a duration in seconds, with the context of its sampled span.
        attributes: What their spans get; not to be changed.
        name: The name of their spans; None if there is no route.
    """

    record: Callable[[float, SpanContext | None], None]
    attributes: dict[str, Any]
    name: str | None


class Endings(dict[tuple[Any, ...], Ending]):
    """The endings seen so far, by what an `Outcome` consists of."""

    def __init__(self, metrics: ServerMetrics) -> None:
        super().__init__()
        self._metrics = metrics

    def __missing__(self, outcome: tuple[Any, ...]) -> Ending:
        method, _, _, route, status, error = outcome
        if len(self) >= _MAX_KEPT:
            self.clear()
        ending = self[outcome] = Ending(
            self._metrics.series(Outcome(*outcome)).record, *span_ending(method, route, status, error)
        )
        return ending


@lru_cache(maxsize=1024)
def span_ending(
    method: str, route: str | None, status: int | None, error: str | None
) -> tuple[dict[str, Any], str | None]:
    """Return the attributes that a span gets when it ends, not to be changed, and its name if there is a route."""
    known = {"http.response.status_code": status, "http.route": route, "error.type": error}
    more = {name: value for name, value in known.items() if value is not None}
    return more, None if route is None else span_name(method, route)


def error_type(status: int | None, exception: BaseException | None) -> str:
    """Return `error.type`: a failed status wins over the exception that caused it, as upstream has it."""
    if status is not None and status >= 500:
        return str(status)
    return "no_response" if exception is None else kind_of(exception)
