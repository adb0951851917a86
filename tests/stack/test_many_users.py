# SPDX-License-Identifier: Apache-2.0
"""A hundred thousand users in the lines are a hundred thousand values of metadata, and not one stream."""

from pathlib import Path
from uuid import uuid4

from testbed.collector import Collector
from testbed.lines import append, contract_line
from testbed.loki import Loki
from testbed.no_loss import Store
from testbed.server import eventually

USERS = 100_000
PER_FILE = 10_000


def test_a_hundred_thousand_users_add_no_stream_and_are_all_found(
    loki: Loki, store: Store, collector: Collector, logs: Path
) -> None:
    """Each user has a line of their own; the service has the one stream that it had with the first of them."""
    service = f"users-{uuid4().hex[:8]}"
    selector = f'{{service_name="{service}"}}'
    append(logs / "log" / service / "first.log", contract_line(service=service, user_id="first"))
    eventually(lambda: loki.rows(selector))
    before = [stream for stream in loki.streams() if stream["service_name"] == service]
    for start in range(0, USERS, PER_FILE):
        users = range(start, start + PER_FILE)
        lines = (contract_line(service=service, user_id=f"user-{user}") for user in users)
        append(logs / "log" / service / f"{start}.log", *lines)
    eventually(lambda: store.stored(service) > USERS, 90.0, f"{USERS} lines")
    assert {row.metadata["user_id"] for row in loki.rows(selector)} == {"first", *(f"user-{n}" for n in range(USERS))}
    assert len(before) == 1
    assert [stream for stream in loki.streams() if stream["service_name"] == service] == before
    assert collector.metrics().value("otelcol_exporter_send_failed_log_records_total") == 0
