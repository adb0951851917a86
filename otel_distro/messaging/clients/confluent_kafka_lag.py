# SPDX-License-Identifier: Apache-2.0
"""How far a consumer of confluent-kafka is behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_distro.messaging.lag import TIMEOUT_SECONDS, Partition, behind

# What of a consumer's configuration is about the connection; an admin client complains about the rest.
_CONNECTION = (
    "bootstrap.servers",
    "metadata.broker.list",
    "security.protocol",
    "sasl.",
    "ssl.",
    "enable.ssl.",
    "client.",
    "broker.address.",
    "socket.",
    "api.version.",
    "oauth_cb",
    "https.",
)
_RESETS = {
    **dict.fromkeys(("smallest", "earliest", "beginning"), "earliest"),
    **dict.fromkeys(("largest", "latest", "end"), "latest"),
}


class Asking:
    """Asks for one consumer, over an admin client of the same connection."""

    def __init__(self, group: str, configuration: Mapping[str, Any]) -> None:
        self.group = group
        self._connection = {key: value for key, value in configuration.items() if key.startswith(_CONNECTION)}
        self._reset = _RESETS.get(str(configuration.get("auto.offset.reset", "latest")), "none")
        self._careful = configuration.get("isolation.level", "read_committed") == "read_committed"
        self._admin: Any = None

    def lag(self, consumer: Any) -> Iterator[tuple[str, int | None]]:
        """Yield each topic that the consumer has a partition of, with what waits in all of its partitions."""
        topics = {partition.topic for partition in consumer.assignment()}
        if not topics:
            return
        known = self._admins().list_topics(timeout=TIMEOUT_SECONDS).topics
        for topic in topics & known.keys():
            yield topic, behind(self._partitions(topic, list(known[topic].partitions)), self._reset)

    def close(self) -> None:
        """Let the connection go."""
        self._admin = None

    def _admins(self) -> Any:
        if self._admin is None:
            from confluent_kafka.admin import AdminClient

            self._admin = AdminClient(self._connection)
        return self._admin

    def _partitions(self, topic: str, numbers: list[int]) -> list[Partition]:
        """Ask for commits, and for the ends after them."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition, admin

        spec: Any = admin.OffsetSpec  # type: ignore[attr-defined,unused-ignore]  # it is public and not declared so
        asked = [TopicPartition(topic, number) for number in numbers]
        groups = self._admins().list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(self.group, asked)], request_timeout=TIMEOUT_SECONDS
        )
        found = groups[self.group].result(TIMEOUT_SECONDS).topic_partitions
        committed = {each.partition: each.offset for each in found if each.offset >= 0}
        begins, ends = self._offsets(asked, spec.earliest()), self._offsets(asked, spec.latest())
        return [Partition(committed.get(number), begins[number], ends[number]) for number in numbers]

    def _offsets(self, partitions: list[Any], spec: Any) -> dict[int, int]:
        from confluent_kafka import IsolationLevel

        level = IsolationLevel.READ_COMMITTED if self._careful else IsolationLevel.READ_UNCOMMITTED
        asked = self._admins().list_offsets(
            dict.fromkeys(partitions, spec), isolation_level=level, request_timeout=TIMEOUT_SECONDS
        )
        return {partition.partition: answer.result(TIMEOUT_SECONDS).offset for partition, answer in asked.items()}
