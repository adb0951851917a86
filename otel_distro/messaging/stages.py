# SPDX-License-Identifier: Apache-2.0
"""Stages of a pipeline: what each takes, how long a message takes from end to end, and what the log says of both.

End to end is from the first message that was sent, by the wall clock of whoever sent it, to the success of the last
stage; a redelivery counts again, and each branch of a fan-out is a measurement of its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.metrics import Meter

from otel_distro.ground.exceptions import kind_of
from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind

logger = logging.getLogger("otel_distro.pipeline")

# An alert asks for a p95 over 2 s, so there is a bound at 2; the SDK's default bounds are for milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
OLDEST_SECONDS = 24 * 3600.0
_MOST_STAGES = 256


class Stage:
    """One stage of a pipeline."""

    __slots__ = ("_histogram", "_series", "end_to_end", "name")

    def __init__(self, name: str, histogram: Any, end_to_end: BoundSeries | UnboundSeries | None) -> None:
        self.name = name
        self.end_to_end = end_to_end
        self._histogram = histogram
        self._series: dict[str | None, BoundSeries | UnboundSeries] = {}

    def record(self, seconds: float, error: BaseException | None, span_context: Any) -> None:
        """Measure one pass through it."""
        kind = None if error is None else kind_of(error)
        series = self._series.get(kind)
        if series is None:
            if len(self._series) > 64:
                self._series.clear()
            labels = {"stage": self.name} | ({} if kind is None else {"error_type": kind})
            series = self._series[kind] = bind(self._histogram, labels)
        series.record(seconds, span_context)

    def arrived(self, starts: Sequence[float], span_context: Any) -> None:
        """Measure from end to end, if this is the last stage and the begin is known and believable."""
        if self.end_to_end is None:
            return
        now = time.time()
        for start in starts:
            if 0.0 <= now - start <= OLDEST_SECONDS:
                self.end_to_end.record(now - start, span_context)


class Stages:
    """The stages of this process.

    Args:
        meter: Measures them.
        by_topic: Topic -> the name of the stage that its messages are in, in the order of the pipeline.
    """

    def __init__(self, meter: Meter, by_topic: Mapping[str, str]) -> None:
        self._by_topic = by_topic
        self._last = list(by_topic.values())[-1] if by_topic else None
        self._known: dict[tuple[str, bool], Stage] = {}
        self._duration = meter.create_histogram(
            "pipeline_stage_duration_seconds",
            unit="s",
            description="Duration of one stage of a pipeline, for one message or batch.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._end_to_end = meter.create_histogram(
            "pipeline_end_to_end_duration_seconds",
            unit="s",
            description="Time from the first message of a pipeline to the success of its last stage.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def of_topic(self, topic: str | None) -> Stage | None:
        """Return the stage that the environment names for a topic."""
        name = self._by_topic.get(topic or "")
        return None if name is None else self.named(name)

    def named(self, name: str, *, last: bool = False) -> Stage:
        """Return a stage by its name."""
        last = last or name == self._last
        stage = self._known.get((name, last))
        if stage is None:
            if len(self._known) >= _MOST_STAGES:
                self._known.clear()
            end_to_end = bind(self._end_to_end, {}) if last else None
            stage = self._known[name, last] = Stage(name, self._duration, end_to_end)
        return stage
