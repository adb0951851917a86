# SPDX-License-Identifier: Apache-2.0
"""Our cardinality limit in every instrument of the SDK."""

from __future__ import annotations

from conformance.counts import count


def limit_every_instrument() -> None:
    """Have our match, with its limit, hold the aggregations of every reader that is made from now on."""
    from otel_distro.metrics.limit import LimitedMatch, install

    install()
    count(LimitedMatch, "consume_measurement", "metric points")
