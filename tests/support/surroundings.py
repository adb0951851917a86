# SPDX-License-Identifier: Apache-2.0
"""What the systems of docs/adopt.md find where they run: a broker, with topics that nobody else uses."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from confluent_kafka.admin import AdminClient, NewTopic

_TOPICS = ("mail.outgoing", "audio.raw", "text.original", "text.translated", "dead.letters")


def surroundings(system: str, broker: Callable[[], str]) -> dict[str, str]:
    """Return the variables by which a system finds what it needs.

    Args:
        system: Its name.
        broker: Returns the address of a Kafka; called for a system that needs one.
    """
    if system != "pipeline":
        return {}
    address, prefix = broker(), f"adopted-{uuid.uuid4().hex[:12]}"
    admin = AdminClient({"bootstrap.servers": address})  # its answers come only as long as it is there
    made = admin.create_topics([NewTopic(f"{prefix}.{name}", 1, 1) for name in _TOPICS])
    for each in made.values():
        each.result(60)
    # How far behind a group is: measured while the test is there to see it.
    return {"KAFKA": address, "TOPICS": prefix, "OTEL_DISTRO_KAFKA_LAG_INTERVAL_SECONDS": "1"}
