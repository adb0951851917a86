# SPDX-License-Identifier: Apache-2.0
"""What redaction does for each line of a set-up of `tools/bench`: a program, its counts are the last line of standard error."""

from __future__ import annotations

import json
import sys
from collections import Counter
from types import FrameType
from typing import Any

REQUESTS = 100
LINES = 2 * REQUESTS
WARM_UP = 20
ROOM = "/otel_distro/logs/redaction/"


class Counting:
    """A profiler of this thread: calls of functions of the room, and what its one search is given."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(calls=0, searches=0, characters=0)

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Count a call; comprehensions are calls in some versions of Python only."""
        code = frame.f_code
        if event != "call" or ROOM not in code.co_filename or code.co_name.startswith("<"):
            return
        self.counts["calls"] += 1
        if code.co_name == "redacted" and code.co_filename.endswith("shapes.py"):
            self.counts["searches"] += 1
            self.counts["characters"] += len(frame.f_locals["text"])


def main(setup: str) -> None:
    """Serve requests, so to speak: two lines each, inside a span."""
    from log_setups import SETUPS
    from opentelemetry import trace

    events, tracer, counting = SETUPS[setup](), trace.get_tracer("counted"), Counting()
    for number in range(WARM_UP + REQUESTS):
        with tracer.start_as_current_span("request"):
            sys.setprofile(counting if number >= WARM_UP else None)
            events(1000 + number)
            sys.setprofile(None)
    print(json.dumps(counting.counts), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
