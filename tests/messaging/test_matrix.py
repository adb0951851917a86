# SPDX-License-Identifier: Apache-2.0
"""The table of docs/pipelines.md, client by client: each cell is what an application under the launcher shows with a real Kafka."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from support.broker_cases import APPLICATIONS, create_topics
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import free_port, json_objects, run
from testbed.services import LAUNCHER

PAGE = Path(__file__).parents[2] / "docs" / "pipelines.md"
COUNTS = (
    "messaging_client_sent_messages_total",
    "messaging_client_consumed_messages_total",
    "messaging_process_duration_seconds_count",
)
# By what the table calls them.
CLIENTS = {
    "aiokafka": "aiokafka",
    "confluent-kafka `Consumer`, `Producer`": "confluent-kafka",
    "`DeserializingConsumer`, `SerializingProducer`": "serializing",
    "`AIOConsumer`, `AIOProducer`": "asyncio",
    "kafka-python": "kafka-python",
    "FastStream on aiokafka": "FastStream",
}


def table() -> dict[str, dict[str, bool]]:
    """Return what the page says: client -> column -> whether the cell says yes."""
    head, _, *rows = (
        PAGE.read_text().partition("## What is covered\n")[2].partition("\n\n|")[2].partition("\n\n")[0].split("\n")
    )
    names = [name.strip() for name in head.strip("|").split("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {
        row[0]: {name: cell.startswith("yes") for name, cell in zip(names[1:], row[1:], strict=True)} for row in cells
    }


def measured(kafka: str, client: str) -> dict[str, bool]:
    """Return what a client shows."""
    topic, batch = (f"{kind}.{uuid.uuid4().hex[:8]}" for kind in ("one", "batch"))
    create_topics(kafka, topic, batch)
    with OtlpReceiver() as receiver:
        variables = {
            "OTEL_SERVICE_NAME": "matrix",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
            "OTEL_DISTRO_KAFKA_LAG_INTERVAL_SECONDS": "0.3",
            "OTEL_DISTRO_MESSAGE_ENVELOPE": "correlation_id,traceparent",
        }
        command = [LAUNCHER, "python", "matrix.py", kafka, client, topic, batch]
        done = run(command, variables, APPLICATIONS, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        spans = receiver.spans()
    (said,) = [line for line in json_objects(done.stdout.splitlines()) if "case" in line]
    lines = [line for line in json_objects(done.stderr.splitlines()) if line["message"] == "handled"]
    batches = [span for span in spans if span.name == f"process {batch}"]
    failed = [span for span in spans if (span.name, span.status) == (f"send {topic}", "ERROR")]
    counts = [re.search(rf'^{name}{{[^}}]*"{topic}"[^}}]*}} [1-9]', said["page"], re.MULTILINE) for name in COUNTS]
    return {
        "headers out": {"traceparent", "x-request-id"} <= set(said["headers"]),
        "context in the handler": said["seen"] == said["sent"],
        "ids on lines": [line["trace_id"] for line in lines] == [said["sent"]],
        "batch": [link.trace_id for span in batches for link in span.links] == said["batch"],
        "failed sends": len(failed) == 1 and "error.type" in failed[0].attributes,
        "metrics": None not in counts,
        "envelope": said["sent"] in said["value"].get("traceparent", ""),
        "lag": f'kafka_consumer_lag{{consumer_group="of-{topic}"' in said["page"],
    }


def test_the_table_has_a_row_for_each_client_that_is_tried() -> None:
    assert list(table()) == list(CLIENTS)


@pytest.mark.parametrize("row", CLIENTS)
def test_each_cell_is_what_is_seen(kafka: str, row: str) -> None:
    assert measured(kafka, CLIENTS[row]) == table()[row]


def test_what_was_asked_is_shown_by_tests_that_are_there() -> None:
    section = PAGE.read_text().partition("## What was asked")[2].partition("\n## ")[0]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)` \|$", section, re.MULTILINE)
    assert len(named) == section.count("\n| ") - 1 == 15
    missing = [name for path, name in named if f"def {name}(" not in (PAGE.parents[1] / path).read_text()]
    assert missing == []
