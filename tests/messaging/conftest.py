# SPDX-License-Identifier: Apache-2.0
"""A topic of its own for each test, in the one Kafka of the whole test run."""

import uuid

import pytest
from confluent_kafka.admin import AdminClient, NewTopic


@pytest.fixture(scope="session")
def admin(kafka: str) -> AdminClient:
    """A client that manages topics."""
    return AdminClient({"bootstrap.servers": kafka})


@pytest.fixture
def topic(admin: AdminClient) -> str:
    """A topic that nobody else uses."""
    name = f"audio.{uuid.uuid4().hex[:12]}"
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(30)
    return name
