# SPDX-License-Identifier: Apache-2.0
"""`kafka_consumer_lag` beside the broker's own figures: Kafka's `kafka-consumer-groups`, of the same Kafka."""

import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from support.fleet import APPS
from testbed.processes import Process, free_port
from testbed.programs import program
from testbed.scrape import scrape
from testbed.services import LAUNCHER

APPLICATIONS = APPS / "messaging"
COMMAND = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


class Consumer(Process):
    """One process with one consumer, measured several times a second."""

    def __init__(
        self,
        kafka: str,
        topic: str,
        group: str,
        reset: str = "latest",
        *,
        last: str = "read_uncommitted",
        program: str = "lagging.py",
    ):
        self.admin, self.topic, self.group = free_port(), topic, group
        variables = {
            "OTEL_SERVICE_NAME": "lagging",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(self.admin),
            "OTEL_DISTRO_KAFKA_LAG_INTERVAL_SECONDS": "0.3",
        }
        command = [LAUNCHER, "python", program, kafka, topic, group, reset, last]
        super().__init__(command, variables, APPLICATIONS)
        self.wait_for_line("started", timeout=60)

    def lag(self) -> float | None:
        """Return what /metrics says, None if it says nothing."""
        page = scrape(f"http://127.0.0.1:{self.admin}")
        found = page.samples("kafka_consumer_lag", topic=self.topic, consumer_group=self.group)
        return found[0].value if found else None

    def until(self, lag: float | None) -> None:
        """Wait until /metrics says this."""
        deadline = time.monotonic() + 40
        while (said := self.lag()) != lag:
            assert time.monotonic() < deadline, f"{said} and not {lag}; {self.output}"
            time.sleep(0.1)

    def take(self, times: int = 1) -> None:
        """Have it take and commit three messages."""
        for _ in range(times):
            before = len(self.stdout)
            self.send_signal(signal.SIGUSR1)
            self.wait_for(lambda process, before=before: len(process.stdout) > before, timeout=40)


def brokers_own(kafka: str, topic: str, group: str) -> list[str]:
    """Return the column LAG of Kafka's own command, for each partition of a topic."""
    command = [str(program("kafka")), COMMAND, "--bootstrap-server", kafka, "--describe", "--group", group]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    rows = [line.split() for line in listed.splitlines() if re.match(rf"{group}\s+{topic}\s", line)]
    return [row[5] for row in rows]


@pytest.fixture
def produce(kafka: str) -> Iterator:
    """Send so many messages to a topic."""
    producer = Producer({"bootstrap.servers": kafka})

    def send(topic: str, count: int) -> None:
        for number in range(count):
            producer.produce(topic, f"{number}".encode())
        producer.flush(30)

    yield send
    producer.flush(30)


@pytest.fixture
def group() -> str:
    """A group that nobody else uses."""
    return f"group-{uuid.uuid4().hex[:12]}"


def test_lag_is_what_the_broker_says_and_ends_with_the_consumer(kafka, topic, group, produce):
    produce(topic, 10)
    with Consumer(kafka, topic, group, "earliest") as consumer:
        consumer.until(10)  # no commit, and everything is to be taken: the broker says "-"
        consumer.take()
        consumer.until(7)
        assert brokers_own(kafka, topic, group) == ["7"]
        produce(topic, 5)
        consumer.until(12)
        consumer.take(4)
        consumer.until(0)
        assert brokers_own(kafka, topic, group) == ["0"]
        assert consumer.stop() == 0
        assert consumer.stdout[-1] == "pending 0"
        troubles = ("Task was destroyed", '"logger":"otel_distro"', '"level":"warning"')
        assert [line for line in consumer.stderr if any(word in line for word in troubles)] == []


@pytest.mark.parametrize("client", ["confluent", "kafka"])
def test_clients_without_an_event_loop(kafka, topic, group, produce, client):
    produce(topic, 10)
    with Consumer(kafka, topic, group, "earliest", last=client, program="lagging_sync.py") as consumer:
        consumer.take()
        consumer.until(7)
        assert brokers_own(kafka, topic, group) == ["7"]
        produce(topic, 5)
        consumer.until(12)
        consumer.take(4)
        consumer.until(0)
        assert consumer.stop() == 0
        troubles = ("CONFWARN", '"logger":"otel_distro"', '"level":"warning"', "Traceback")
        assert [line for line in consumer.stderr if any(word in line for word in troubles)] == []


def test_without_a_commit_nothing_is_known_where_a_group_begins_with_the_newest(kafka, topic, group, produce):
    produce(topic, 10)
    with Consumer(kafka, topic, group, "latest") as consumer:
        time.sleep(2)  # several measurements
        assert consumer.lag() is None
        produce(topic, 3)
        consumer.take()
        consumer.until(0)
        assert brokers_own(kafka, topic, group) == ["0"]


def test_what_retention_has_deleted_waits_no_more(kafka, topic, group, produce, admin: AdminClient):
    produce(topic, 10)
    with Consumer(kafka, topic, group, "earliest") as consumer:
        consumer.take()
        admin.delete_records([TopicPartition(topic, 0, 8)])[TopicPartition(topic, 0)].result(30)
        consumer.until(2)  # Kafka's own command still says 7: five of them can never be taken


def test_a_transaction_that_is_open_is_seen_as_the_consumer_sees_it(kafka, topic, group, produce):
    produce(topic, 3)
    writer = Producer({"bootstrap.servers": kafka, "transactional.id": f"writer-{topic}"})
    writer.init_transactions(30)
    with (
        Consumer(kafka, topic, group, "earliest", last="read_committed") as careful,
        Consumer(kafka, topic, f"{group}-all", "earliest") as hasty,
    ):
        careful.take()
        hasty.take()
        writer.begin_transaction()
        writer.produce(topic, b"open")
        writer.flush(30)
        hasty.until(1)
        careful.until(0)
        writer.commit_transaction(30)
        careful.until(2)  # the message, and the marker of its commit
        assert brokers_own(kafka, topic, group) == ["2"]
        hasty.until(2)


def test_members_of_one_group_tell_the_same_of_all_partitions(kafka, group, produce, admin: AdminClient):
    name = f"audio.{uuid.uuid4().hex[:12]}"
    admin.create_topics([NewTopic(name, num_partitions=4, replication_factor=1)])[name].result(30)
    with Consumer(kafka, name, group, "earliest") as one, Consumer(kafka, name, group, "earliest") as other:
        produce(name, 40)
        one.until(40)
        other.until(40)
        other.kill()
        one.take(2)
        one.until(34)
        assert sum(int(lag) for lag in brokers_own(kafka, name, group) if lag != "-") <= 34


def test_a_deleted_topic_is_not_created_again_by_measuring(kafka, topic, group, produce, admin: AdminClient):
    """Asked about a topic by name, the broker would create it; the consumer alone does not within this time."""
    produce(topic, 3)
    with Consumer(kafka, topic, group, "earliest") as consumer:
        consumer.take()
        consumer.until(0)
        admin.delete_topics([topic])[topic].result(30)
        consumer.until(None)  # an old zero would say that all is well
        time.sleep(1)  # several measurements
        assert topic not in admin.list_topics(timeout=30).topics
