# SPDX-License-Identifier: Apache-2.0
"""The contract's field names, by what they tell. What each means: docs/logging.md."""

from __future__ import annotations

from typing import Final

# On every line.
ALWAYS: Final = ("timestamp", "level", "service", "logger", "message")
# Inside a span; inside a request or a consumed message.
SPAN_IDS: Final = ("trace_id", "span_id")
REQUEST_IDS: Final = ("request_id", "correlation_id")
# When configured.
DEPLOYMENT: Final = ("environment", "version")
# On exceptions.
EXCEPTION: Final = ("error", "exception")
# The record of this line was accepted by the exporter: the collector need not read it again.
EXPORTED: Final = "otlp"

# The logger of the access event.
ACCESS_LOGGER: Final = "otel_distro.access"

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
FAILURES: Final = ("error", "critical")
# An application's field of such a name is kept under `name_`.
RESERVED: Final = frozenset((*ALWAYS, *SPAN_IDS, EXPORTED))
