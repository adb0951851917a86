# SPDX-License-Identifier: Apache-2.0
"""What all messages of this process share: the tracer, the ids that travel, and per topic what never changes.

Names are those of the semantic conventions 1.44, of which everything under `messaging` is still in development:
https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from otel_distro.http.correlation import TRACE_ID_HEADER
from otel_distro.http.spans import starter
from otel_distro.messaging.envelope import headers_in
from otel_distro.messaging.headers import START, TRACE_FIELDS, UNKNOWN, Origin, by_name, origin_of
from otel_distro.messaging.lag import Lags
from otel_distro.messaging.stages import Stages
from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind
from otel_distro.settings.model import HttpSettings, MessagingSettings

SCOPE = "otel_distro.messaging"
SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
# Topics are an application's own names, and may be one for each of its customers: then a cache starts over.
_MOST_TOPICS = 1000
_MOST_PARTITIONS = 1000
_LONGEST_NAME = 249  # of a topic, for brokers

Series = BoundSeries | UnboundSeries


class ByError(dict["str | None", Series]):
    """The series of a histogram by `error.type`."""

    def __init__(self, histogram: Any, attributes: dict[str, Any]) -> None:
        super().__init__()
        self._histogram, self._attributes = histogram, attributes

    def __missing__(self, error: str | None) -> Series:
        if len(self) > 64:
            self.clear()
        more = {} if error is None else {"error.type": error}
        return self.setdefault(error, bind(self._histogram, {**self._attributes, **more}))


class Source:
    """What messages of one topic, taken by one consumer group, have in common.

    Attributes:
        name: Of their spans.
        attributes: Of their spans; to be copied.
        group: The consumer group.
        consumed: Counts them.
        durations: Measures their processing.
        stage: The stage of the pipeline that they are in, if it has a name.
    """

    __slots__ = ("_by_partition", "attributes", "consumed", "durations", "group", "name", "stage", "topic")

    def __init__(
        self, telemetry: Telemetry, system: str | None, topic: str | None, group: str | None, client: str | None
    ) -> None:
        known = {
            "messaging.system": system,
            "messaging.destination.name": topic,
            "messaging.consumer.group.name": group,
        }
        labels = {key: value for key, value in known.items() if value}
        self.topic, self.group = topic, group
        self.name = f"process {topic}" if topic else "process"
        self.attributes: dict[str, Any] = {
            **labels,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
        }
        if client:
            self.attributes["messaging.client.id"] = client
        self.consumed = bind(telemetry.consumed, {**labels, "messaging.operation.name": "poll"})
        self.durations = ByError(telemetry.process_duration, {**labels, "messaging.operation.name": "process"})
        self.stage = telemetry.stages.of_topic(topic)
        self._by_partition: dict[int, dict[str, Any]] = {}

    def attributes_of(self, partition: int, offset: int) -> dict[str, Any]:
        """Return the attributes of one message's span, a dict of its own."""
        known = self._by_partition.get(partition)
        if known is None:
            if len(self._by_partition) >= _MOST_PARTITIONS:
                self._by_partition.clear()
            known = {**self.attributes, "messaging.destination.partition.id": str(partition)}
            self._by_partition[partition] = known
        attributes = known.copy()
        attributes["messaging.kafka.offset"] = offset
        return attributes


class Target:
    """What messages that are sent to one topic have in common."""

    __slots__ = ("attributes", "durations", "name", "sent")

    def __init__(self, telemetry: Telemetry, system: str, topic: str, client: str | None) -> None:
        labels = {
            "messaging.system": system,
            "messaging.destination.name": topic,
            "messaging.operation.name": "send",
        }
        self.name = f"send {topic}"
        self.attributes: dict[str, Any] = {**labels, "messaging.operation.type": "send"}
        if client:
            self.attributes["messaging.client.id"] = client
        self.sent = ByError(telemetry.sent, labels)
        self.durations = ByError(telemetry.operation_duration, {**labels, "messaging.operation.type": "send"})


class Telemetry:
    """What all messages share.

    Attributes:
        start: Starts a span.
        envelope: What is put into envelopes, by its plain names.
        fields: The correlation headers that travel, and their log fields.
        lags: What is known of the lag of this process's groups; None if it is not measured.
    """

    def __init__(self, settings: MessagingSettings, http: HttpSettings, tracer: Tracer, meter: Meter) -> None:
        self.settings = settings
        self.start = starter(tracer)
        names = [name for name in http.correlation_headers if name != TRACE_ID_HEADER]
        self.fields = tuple((name, name.removeprefix("x-").replace("-", "_")) for name in names)
        self.headers = (*sorted(TRACE_FIELDS), *names, START)
        self.log_fields = tuple(field for _, field in self.fields)
        self.carries_trace_id = TRACE_ID_HEADER in http.correlation_headers
        self.envelope = frozenset(settings.envelope)
        self.stages = Stages(meter, settings.stages)
        self.lags = Lags(settings.lag_interval_seconds) if settings.lag else None
        self._instruments(meter)
        self._sources: dict[tuple[Any, ...], Source] = {}
        self._targets: dict[tuple[Any, ...], Target] = {}

    def _instruments(self, meter: Meter) -> None:
        self.process_duration = meter.create_histogram(
            "messaging.process.duration",
            unit="s",
            description="Duration of processing operation.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.operation_duration = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            description="Duration of messaging operation initiated by a producer or consumer client.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.consumed = meter.create_counter(
            "messaging.client.consumed.messages",
            unit="{message}",
            description="Number of messages that were delivered to the application.",
        )
        self.sent = meter.create_counter(
            "messaging.client.sent.messages",
            unit="{message}",
            description="Number of messages producer attempted to send to the broker.",
        )

    def origin(self, pairs: Any, envelope: Any = None) -> Origin:
        """Return where a message comes from, by its headers, or else by what stands in its envelope."""
        settings = self.settings
        if not settings.trust:
            return UNKNOWN
        # What asks an abstract class is slow, and most values are bytes.
        if type(envelope) is not bytes and envelope is not None and isinstance(envelope, Mapping):
            origin = origin_of({**headers_in(envelope, self.headers), **by_name(pairs)}, self.fields)
        elif pairs:
            origin = origin_of(by_name(pairs), self.fields)
        else:
            return UNKNOWN
        return origin._replace(parent=None) if settings.links_only else origin

    def source(self, system: str | None, topic: Any, group: Any, client: Any = None) -> Source:
        """Return what is known of a topic and a consumer group."""
        key = system, topic, group, client
        try:
            return self._sources[key]
        except KeyError:
            if len(self._sources) >= _MOST_TOPICS:
                self._sources.clear()
            return self._sources.setdefault(key, Source(self, system, *map(_name, key[1:])))

    def target(self, system: str, topic: Any, client: Any = None) -> Target:
        """Return what is known of a topic that is written to."""
        key = system, topic, client
        try:
            return self._targets[key]
        except KeyError:
            if len(self._targets) >= _MOST_TOPICS:
                self._targets.clear()
            return self._targets.setdefault(key, Target(self, system, str(topic)[:_LONGEST_NAME], _name(client)))


def _name(value: Any) -> str | None:
    return value[:_LONGEST_NAME] if isinstance(value, str) and value else None
