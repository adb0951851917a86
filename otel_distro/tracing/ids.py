# SPDX-License-Identifier: Apache-2.0
"""Ids from a generator of our own: `random.seed(42)` in an application must not repeat trace ids."""

import os
import random
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span

# The trace id that a caller asked for without naming a span (`x-trace-id`): set around the start of one root span.
requested_trace_id: ContextVar[int | None] = ContextVar("otel_distro_requested_trace_id", default=None)

_random = random.Random()  # noqa: S311 - ids are not secrets
random_bits: Final = _random.getrandbits
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


class PrivateRandomIdGenerator(RandomIdGenerator):
    """The SDK's random ids, drawn from a state that nobody else seeds."""

    def generate_span_id(self) -> int:
        """Return a random 64-bit id, never 0."""
        return random_bits(64) or self.generate_span_id()

    def generate_trace_id(self) -> int:
        """Return the id that was asked for, else a random 128-bit id, never 0."""
        return requested_trace_id.get() or random_bits(128) or self.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """Whether the trace context may say that the id is random: of one that a caller chose, nobody knows."""
        return requested_trace_id.get() is None


def start_with_trace_id(start: Callable[..., Span], trace_id: int | None, *arguments: Any) -> Span:
    """Start a span which, if it is a root, has the trace id that the caller asked for, if it did."""
    if trace_id is None:
        return start(*arguments)
    token = requested_trace_id.set(trace_id)
    try:
        return start(*arguments)
    finally:
        requested_trace_id.reset(token)
