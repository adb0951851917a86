# SPDX-License-Identifier: Apache-2.0
"""Base-2 exponential histograms, which the text formats cannot say, as histograms with fixed bounds.

The compatibility specification allows it. Every power of two is a bound at each scale from 0 up, so what falls between
two of ours is counted exactly, and the bounds are the same in every worker and at every time, whatever was measured.
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#differences-between-prometheus-formats
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

# From 15 microseconds, if it is seconds, to a gibibyte, if it is bytes.
BOUNDS = tuple(2.0**exponent for exponent in range(-16, 31))
_LARGEST_EXPONENT = 1023


def counts(point: Any) -> list[float]:
    """Return the number of values in each of our buckets, from the SDK's data point."""
    found = [0.0] * (len(BOUNDS) + 1)
    found[0] = float(point.zero_count + sum(point.negative.bucket_counts))
    for index, count in enumerate(point.positive.bucket_counts, point.positive.offset + 1):
        upper = 2.0 ** min(index * 2.0**-point.scale, _LARGEST_EXPONENT)
        found[bisect_left(BOUNDS, upper)] += count
    return found
