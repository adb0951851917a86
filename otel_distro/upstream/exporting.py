# SPDX-License-Identifier: Apache-2.0
"""Upstream's exporters of all signals, watched from outside: what has left, what has not, and their lines about it.

Upstream's batch processors know neither a time limit nor how many records were lost, and an exporter says at each attempt
that it failed. Checked with opentelemetry-sdk 1.45.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

_exporting = threading.local()


class Watched:
    """Stands in front of an exporter of upstream's; everything but `export` is the exporter's own.

    Attributes:
        failed: Records that were given up.
        failed_last: How many of them by the last attempt.
    """

    ending = False  # what an exporter that is cut off has to say, the count of what was lost says too

    def __init__(self, exporter: Any, count: Callable[[Any], int]) -> None:
        self._exporter = exporter
        self._count = count
        self._said = False
        self.in_flight = self.failed = self.failed_last = 0
        for owner in type(exporter).__mro__:
            _hush(logging.getLogger(owner.__module__))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exporter, name)

    def export(self, batch: Any, *arguments: Any, **options: Any) -> Any:
        """Export, and count."""
        self.in_flight = self._count(batch)
        _exporting.by = self
        delivered = False
        try:
            result = self._exporter.export(batch, *arguments, **options)
            delivered = getattr(result, "name", "SUCCESS") == "SUCCESS"
            return result
        finally:
            _exporting.by = None
            self._said = self._said and not delivered
            self.failed_last = 0 if delivered else self.in_flight
            self.failed += self.failed_last
            self.in_flight = 0

    def may_say(self) -> bool:
        """Whether this is the first line of an outage."""
        first, self._said = not self._said, True
        return first

    @property
    def address(self) -> str:
        """Where it exports to, or what it is."""
        found = getattr(self._exporter, "_endpoint", None)
        return found if isinstance(found, str) else type(self._exporter).__name__

    def begin_at_zero(self) -> None:
        """Forget the counts, which in a forked child are its parent's."""
        self.in_flight = self.failed = self.failed_last = 0


def _hush(logger: logging.Logger) -> None:
    if _one_line_an_outage not in logger.filters:
        logger.addFilter(_one_line_an_outage)


def _one_line_an_outage(record: logging.LogRecord) -> bool:
    if Watched.ending:
        return False
    by: Watched | None = getattr(_exporting, "by", None)
    return by is None or record.levelno < logging.WARNING or by.may_say()


class Batching:
    """A batch processor of upstream's for spans or log records, and the exporter behind it."""

    def __init__(self, processor: Any) -> None:
        self._batches = processor._batch_processor
        if not isinstance(self._batches._exporter, Watched):
            self._batches._exporter = Watched(self._batches._exporter, len)
        self.exporter: Watched = self._batches._exporter

    @property
    def undelivered(self) -> int:
        """The number of records that have not arrived."""
        return len(self._batches._queue) + self.exporter.in_flight + self.exporter.failed

    def abort(self) -> None:
        """Give up what is left, and what is on its way."""
        Watched.ending = True
        self._batches._shutdown = self._batches._shutdown_timeout_exceeded = True
        self._batches._worker_awaken.set()
        self.exporter.shutdown()


class Pushing:
    """A reader that pushes metrics. Values are cumulative: what counts is whether the last ones have arrived."""

    def __init__(self, reader: Any) -> None:
        if not isinstance(reader._exporter, Watched):
            reader._exporter = Watched(reader._exporter, _metrics_in)
        self.exporter: Watched = reader._exporter

    @property
    def undelivered(self) -> int:
        """The number of metrics whose last values have not arrived."""
        return self.exporter.in_flight or self.exporter.failed_last

    def abort(self) -> None:
        """Give up what is on its way."""
        Watched.ending = True
        self.exporter.shutdown()


def _metrics_in(data: Any) -> int:
    return sum(len(scope.metrics) for resource in data.resource_metrics for scope in resource.scope_metrics)


def parts_of(provider: Any) -> list[Any]:
    """Return the processors or readers in a provider of any signal that are not ours."""
    pipelines = (
        ("_active_span_processor", "_span_processors"),
        ("_multi_log_record_processor", "_log_record_processors"),
    )
    parts = getattr(provider, "_metric_readers", ())
    for pipeline, name in pipelines:
        parts = getattr(getattr(provider, pipeline, None), name, parts)
    return [part for part in parts if not type(part).__module__.startswith("otel_distro.")]


def exporting(part: Any) -> Batching | Pushing | None:
    """Watch what a part exports; None if it exports in the application's own thread, or not at all."""
    if hasattr(part, "_batch_processor"):
        return Batching(part)
    return Pushing(part) if hasattr(part, "_exporter") and hasattr(part, "_export_timeout_millis") else None
