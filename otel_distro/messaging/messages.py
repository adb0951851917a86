# SPDX-License-Identifier: Apache-2.0
"""Whatever an application calls a message: records of every client, envelopes, mappings and lists of headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from otel_distro.messaging.headers import Origin, joined
from otel_distro.messaging.telemetry import Telemetry


class Facts(NamedTuple):
    """What is known of a message or a batch.

    Attributes:
        system: The broker's kind, None if it is not known.
        topic: Where it comes from; None if not known, or if there are several.
        where: Attributes: partition and offset, or the size of a batch.
        origin: What it says of its producer.
    """

    system: str | None
    topic: str | None
    where: dict[str, Any]
    origin: Origin


def facts_of(telemetry: Telemetry, message: Any) -> Facts:
    """Return what is known of a message; anything may be one."""
    if isinstance(message, Mapping):
        return _of_mapping(telemetry, message)
    if (
        isinstance(message, Sequence)
        and not isinstance(message, str | bytes | bytearray)
        and not hasattr(message, "topic")
    ):
        if all(isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str) for each in message):
            return Facts(None, None, {}, telemetry.origin(message))
        return of_batch([facts_of(telemetry, each) for each in message])
    return _of_record(telemetry, message)


def of_batch(facts: Sequence[Facts]) -> Facts:
    """Return what is known of several messages together."""
    systems, topics = {each.system for each in facts}, {each.topic for each in facts}
    return Facts(
        systems.pop() if len(systems) == 1 else None,
        topics.pop() if len(topics) == 1 else None,
        {"messaging.batch.message_count": len(facts)},
        joined([each.origin for each in facts]),
    )


def _of_mapping(telemetry: Telemetry, message: Mapping[Any, Any]) -> Facts:
    """An envelope, a mapping of headers, or what `getmany` and `poll` return: partitions and their records."""
    if message and all(isinstance(each, list) and hasattr(key, "topic") for key, each in message.items()):
        return of_batch([facts_of(telemetry, record) for some in message.values() for record in some])
    return Facts(None, None, {}, telemetry.origin((), message))


def _of_record(telemetry: Telemetry, message: Any) -> Facts:
    raw = getattr(message, "raw_message", None)  # FastStream's, around a record or a batch
    if raw is not None:
        return facts_of(telemetry, raw)
    topic = value_of(message, "topic")
    if not isinstance(topic, str):
        return Facts(None, None, {}, telemetry.origin(value_of(message, "headers") or ()))
    where = {
        "messaging.destination.partition.id": str(value_of(message, "partition")),
        "messaging.kafka.offset": value_of(message, "offset"),
    }
    return Facts(
        "kafka", topic, where, telemetry.origin(value_of(message, "headers") or (), value_of(message, "value"))
    )


def value_of(message: Any, name: str) -> Any:
    """Return an attribute of a record; confluent's are methods."""
    found = getattr(message, name, None)
    return found() if callable(found) else found
