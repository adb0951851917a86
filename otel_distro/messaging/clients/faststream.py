# SPDX-License-Identifier: Apache-2.0
"""FastStream: what one task takes from the client, a task of its own may process; so its messages are processed here.

Around all of its middlewares, so that what they log of a handler's exception is a line of the message.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.patch import Patches
from otel_distro.messaging.handed import handed_by
from otel_distro.messaging.messages import facts_of
from otel_distro.messaging.processing import Processing
from otel_distro.messaging.telemetry import Telemetry
from otel_distro.upstream.messaging import faststream_subscriber, inner_consumer

Method = Callable[..., Awaitable[Any]]


def observe(telemetry: Telemetry, broker: str) -> Callable[[], None]:
    """Observe the subscribers of a broker; return the undo."""
    patches, subscriber = Patches(), faststream_subscriber(broker)
    if subscriber is not None:
        patches.set(subscriber, "start", _start(subscriber.start))
        patches.set(subscriber, "process_message", _process_message(subscriber.process_message, telemetry))
    return patches.undo


def _start(original: Method) -> Method:
    @functools.wraps(original)
    async def start(self: Any) -> Any:
        started = await original(self)
        try:
            if self.calls and self.consumer is not None:  # without handlers, whoever asks processes
                _leave_to_handlers(self.consumer)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.faststream", error)
        return started

    return start


def _leave_to_handlers(consumer: Any) -> None:
    for each in (consumer, getattr(consumer, "consumer", None), inner_consumer(consumer)):
        if hasattr(each, "__dict__"):
            handed_by(each).elsewhere = True


def _process_message(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    async def process_message(self: Any, msg: Any) -> Any:
        processing = _begin(telemetry, self, msg)
        if processing is None:
            return await original(self, msg)
        try:
            return await original(self, msg)
        except BaseException as error:
            processing.raised(error)
            raise
        finally:
            processing.end()

    return process_message


def _begin(telemetry: Telemetry, subscriber: Any, message: Any) -> Processing | None:
    try:
        facts = facts_of(telemetry, message)
        source = telemetry.source(facts.system, facts.topic, getattr(subscriber, "group_id", None))
        source.consumed.add(facts.where.get("messaging.batch.message_count", 1))
        return Processing(telemetry, source, message, facts.origin, {**source.attributes, **facts.where})
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.faststream", error)
        return None
