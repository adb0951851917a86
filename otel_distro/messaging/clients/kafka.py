# SPDX-License-Identifier: Apache-2.0
"""kafka-python: what iterating hands out is current in the thread that asked, `poll` hands out a batch."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from threading import get_ident
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.patch import Patches
from otel_distro.messaging.clients import kafka_lag
from otel_distro.messaging.clients.lag_thread import LagThread
from otel_distro.messaging.clients.threads import closing, stays, undoing
from otel_distro.messaging.handed import asked
from otel_distro.messaging.sending import begin, merged, partition_of, wrapped
from otel_distro.messaging.telemetry import Telemetry
from otel_distro.upstream.messaging import kafka_python_setting

Method = Callable[..., Any]


def install(telemetry: Telemetry) -> Callable[[], None]:
    """Observe the clients; return the undo."""
    library: Any = sys.modules["kafka"]
    consumer, producer, patches = library.KafkaConsumer, library.KafkaProducer, Patches()
    lags = None if telemetry.lags is None else LagThread(telemetry.lags)
    patches.set(consumer, "__init__", _init(consumer.__init__, lags))
    patches.set(consumer, "__next__", _next(consumer.__next__, telemetry))
    patches.set(consumer, "poll", _poll(consumer.poll, telemetry))
    patches.set(consumer, "close", closing(consumer.close, lags))
    patches.set(producer, "send", _send(producer.send, telemetry))
    return undoing(patches, lags)


def _init(original: Method, lags: LagThread | None) -> Method:
    @functools.wraps(original)
    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - it takes the place of one
        original(self, *arguments, **options)
        try:
            group = kafka_python_setting(self, "group_id")
            if lags is not None and group:
                lags.watch(self, kafka_lag.Asking(str(group), self))
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.lag", error)

    return __init__


def describe(consumer: Any) -> tuple[Any, Any]:
    """Return the group and the client id of a consumer."""
    return kafka_python_setting(consumer, "group_id"), kafka_python_setting(consumer, "client_id")


def _next(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    def __next__(self: Any) -> Any:  # noqa: N807 - it takes the place of one
        thread = get_ident()
        handed = asked(self, thread, stays, describe)
        record = original(self)
        handed.give(telemetry, thread, record)
        return record

    return __next__


def _poll(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    def poll(self: Any, *arguments: Any, **options: Any) -> Any:
        if not options.get("update_offsets", True):  # the iterator asks
            return original(self, *arguments, **options)
        thread = get_ident()
        handed = asked(self, thread, stays, describe)
        batches = original(self, *arguments, **options)
        if batches:
            handed.give_batch(telemetry, thread, batches)
        return batches

    return poll


def _send(original: Method, telemetry: Telemetry) -> Method:
    @functools.wraps(original)
    def send(  # noqa: PLR0913, PLR0917 - kafka-python's own signature
        self: Any,
        topic: Any,
        value: Any = None,
        key: Any = None,
        headers: Any = None,
        partition: Any = None,
        timestamp_ms: Any = None,
    ) -> Any:
        sending = None
        if headers is None or type(headers) is list:  # else kafka-python says so
            sending = begin(telemetry, topic, kafka_python_setting(self, "client_id"), headers or ())
        if sending is None:
            return original(self, topic, value, key, headers, partition, timestamp_ms)
        if telemetry.envelope and kafka_python_setting(self, "value_serializer") is not None:
            value = wrapped(telemetry, value, sending)
        with sending:
            future = original(self, topic, value, key, merged(headers or [], sending.fields), partition, timestamp_ms)
            sending.more = partition_of(partition)
            return future

    return send
