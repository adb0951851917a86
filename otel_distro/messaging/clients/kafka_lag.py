# SPDX-License-Identifier: Apache-2.0
"""How far a consumer of kafka-python is behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from otel_distro.messaging.lag import Partition, behind, topics_of

_NOT_SHARED = frozenset({"kafka_client", "selector", "metric_reporters"})


class Asking:
    """Asks for one consumer, over an admin client with the same settings."""

    def __init__(self, group: str, consumer: Any) -> None:
        self.group = group
        self._settings = dict(consumer.config)
        self._reset = str(self._settings.get("auto_offset_reset", "latest"))
        self._admin: Any = None

    def lag(self, consumer: Any) -> Iterator[tuple[str, int | None]]:
        """Yield each topic that the consumer reads, with what waits in all of its partitions."""
        topics = topics_of(consumer)
        if not topics:
            return
        known = {topic["name"]: topic["partitions"] for topic in self._admins().describe_topics()}
        for topic in topics & known.keys():
            numbers = [partition["partition_index"] for partition in known[topic]]
            yield topic, behind(self._partitions(topic, numbers), self._reset)

    def close(self) -> None:
        """Let the connection go."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def _admins(self) -> Any:
        if self._admin is None:
            from kafka.admin import KafkaAdminClient

            shared = KafkaAdminClient.DEFAULT_CONFIG.keys() - _NOT_SHARED
            self._admin = KafkaAdminClient(**{key: self._settings[key] for key in shared if key in self._settings})
        return self._admin

    def _partitions(self, topic: str, numbers: list[int]) -> list[Partition]:
        """Ask for commits, and for the ends after them."""
        from kafka import TopicPartition
        from kafka.admin import OffsetSpec

        asked = [TopicPartition(topic, number) for number in numbers]
        found = self._admins().list_group_offsets({self.group: asked})[self.group]
        committed = {partition: each.offset for partition, each in found.items() if each.offset >= 0}
        begins, ends = self._offsets(asked, OffsetSpec.EARLIEST), self._offsets(asked, OffsetSpec.LATEST)
        return [Partition(committed.get(each), begins[each], ends[each]) for each in asked]

    def _offsets(self, partitions: list[Any], spec: Any) -> dict[Any, int]:
        from otel_distro.upstream.messaging import kafka_python_isolation

        careful = self._settings.get("isolation_level") == "read_committed"
        level = kafka_python_isolation(committed=careful)
        found = self._admins().list_partition_offsets(dict.fromkeys(partitions, spec), isolation_level=level)
        return {partition: answer.offset for partition, answer in found.items()}
