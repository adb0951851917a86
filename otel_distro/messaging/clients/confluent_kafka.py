# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka: `poll` hands out a message, `consume` a batch, current in the thread that asked.

Its classes are C types, which cannot be changed: subclasses take their names in the module. Its own subclasses in Python, the
deserializing and the serializing ones, are changed in place.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.patch import Patches
from otel_distro.messaging.clients import confluent_kafka_lag
from otel_distro.messaging.clients.lag_thread import LagThread
from otel_distro.messaging.clients.threads import closing, stays, undoing
from otel_distro.messaging.handed import Handed, asked, handed_by
from otel_distro.messaging.messages import facts_of, of_batch
from otel_distro.messaging.processing import Processing
from otel_distro.messaging.sending import begin, merged, partition_of, wrapped
from otel_distro.messaging.telemetry import Telemetry

Method = Callable[..., Any]
# The order of the arguments of `produce`, after the topic.
_RAW = ("value", "key", "partition", "callback", "on_delivery", "timestamp", "headers")
_SERIALIZING = ("key", "value", "partition", "on_delivery", "timestamp", "headers")


def install(telemetry: Telemetry) -> Callable[[], None]:
    """Observe the clients; return the undo."""
    library: Any = sys.modules["confluent_kafka"]
    patches, lags = Patches(), None if telemetry.lags is None else LagThread(telemetry.lags)
    patches.set(library, "Consumer", _subclass(library.Consumer, _consumer_methods(library.Consumer, telemetry, lags)))
    patches.set(library, "Producer", _subclass(library.Producer, {"produce": _produce(library.Producer, telemetry)}))
    for name, method in _consumer_methods(library.DeserializingConsumer, telemetry, lags).items():
        patches.set(library.DeserializingConsumer, name, method)
    serializing = library.SerializingProducer
    patches.set(serializing, "produce", _produce(serializing, telemetry, order=_SERIALIZING))
    return undoing(patches, lags)


def _subclass(kind: Any, methods: dict[str, Any]) -> Any:
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), {**names, **methods})


def _consumer_methods(kind: Any, telemetry: Telemetry, lags: LagThread | None) -> dict[str, Method]:
    return {
        "__init__": _init(kind.__init__, lags),
        "poll": _poll(kind.poll, telemetry),
        "consume": _consume(kind.consume, telemetry),
        "close": closing(kind.close, lags),
        "__exit__": closing(kind.__exit__, lags),
    }


def _init(original: Method, lags: LagThread | None) -> Method:
    @functools.wraps(original)
    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - it takes the place of one
        original(self, *arguments, **options)
        try:
            given = arguments[0] if arguments else {}
            said = {**(given if isinstance(given, dict) else {}), **options}
            handed = handed_by(self)
            handed.group, handed.client = said.get("group.id"), said.get("client.id")
            if lags is not None and handed.group:
                lags.watch(self, confluent_kafka_lag.Asking(str(handed.group), said))
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.receive", error)

    return __init__


def _poll(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    def poll(self: Any, *arguments: Any, **options: Any) -> Any:
        thread = get_ident()
        handed = asked(self, thread, stays)
        message = original(self, *arguments, **options)
        if message is not None:
            give(telemetry, handed, thread, message)
        return message

    return poll


def _consume(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    def consume(self: Any, *arguments: Any, **options: Any) -> Any:
        thread = get_ident()
        handed = asked(self, thread, stays)
        messages = original(self, *arguments, **options)
        if messages:
            give_batch(telemetry, handed, thread, messages)
        return messages

    return consume


def give(telemetry: Telemetry, handed: Handed, taker: Any, message: Any) -> None:
    """Have a taker process a message, unless it is an error."""
    try:
        if handed.elsewhere or message.error() is not None:
            return
        source = handed.source(telemetry, message.topic())
        source.consumed.add(1)
        attributes = source.attributes_of(message.partition(), message.offset())
        origin = telemetry.origin(message.headers(), message.value())
        handed.take(taker, Processing(telemetry, source, message, origin, attributes))
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.receive", error)


def give_batch(telemetry: Telemetry, handed: Handed, taker: Any, messages: Sequence[Any]) -> None:
    """Have a taker process a batch."""
    try:
        good = [message for message in messages if message.error() is None]
        if handed.elsewhere or not good:
            return
        for message in good:
            handed.source(telemetry, message.topic()).consumed.add(1)
        facts = of_batch([facts_of(telemetry, message) for message in good])
        source = handed.source(telemetry, facts.topic)
        attributes = {**source.attributes, **facts.where}
        handed.take(taker, Processing(telemetry, source, messages, facts.origin, attributes))
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging.receive", error)


def _produce(producer: Any, telemetry: Telemetry, *, order: Sequence[str] = _RAW) -> Method:
    original = producer.produce

    @functools.wraps(original)
    def produce(self: Any, topic: Any, *arguments: Any, **options: Any) -> Any:
        given = {**dict(zip(order, arguments, strict=False)), **options}
        headers = given.get("headers")
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        known = len(arguments) <= len(order) and (
            pairs is None or isinstance(pairs, list)
        )  # else confluent-kafka says so
        sending = begin(telemetry, topic, None, pairs or ()) if known else None
        if sending is None:
            return original(self, topic, *arguments, **options)
        given["headers"] = merged(pairs or [], sending.fields)
        if telemetry.envelope and order is _SERIALIZING:
            given["value"] = wrapped(telemetry, given.get("value"), sending)
        with sending:
            original(self, topic, **given)
            sending.more = partition_of(given.get("partition"))
        return None

    return produce
