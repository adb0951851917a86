# SPDX-License-Identifier: Apache-2.0
"""Secrets that something of the application's puts into a line after its fields were examined: renderers, formatters, filters.

A program; the last line of standard error says what was planted.
"""

from __future__ import annotations

import importlib
import json
import sys

from planted import SECRETS, Secret
from planted_setups import Planting
from planted_variants import VARIANTS, current


def main() -> None:
    """Plant by every variant inside a span."""
    from opentelemetry import trace

    for module in ("planted_by_structlog", "planted_by_others"):
        importlib.import_module(module)  # they register themselves
    event = Planting()
    with trace.get_tracer("planted").start_as_current_span("work"):
        for name, build in VARIANTS.items():
            current.set(Secret("note", "nothing", ""))
            log = build()
            for secret in SECRETS:
                current.set(secret)
                log(event(name))
    print(json.dumps(event.planted), file=sys.stderr)


if __name__ == "__main__":
    main()
