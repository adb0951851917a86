# SPDX-License-Identifier: Apache-2.0
"""The instrumentations of contrib that ours take the place of."""

from __future__ import annotations

from collections.abc import Mapping

# Each with the module of contrib that ours builds on. Those import their libraries: httpx's both httpx and httpx2, of which FastAPI's extra `standard` brings both.
REPLACED: Mapping[str, str] = {
    "fastapi": "opentelemetry.instrumentation.fastapi",
    "httpx": "opentelemetry.instrumentation.httpx",
    "httpx2": "opentelemetry.instrumentation.httpx",
}

# Those that ours need nothing of: the messaging room wraps the clients itself.
OUR_OWN = frozenset(("aiokafka", "confluent_kafka", "kafka"))
