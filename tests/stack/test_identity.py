# SPDX-License-Identifier: Apache-2.0
"""The same event, read from a file or received by OTLP, is the same record in Loki."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from testbed.collector import Collector
from testbed.lines import append
from testbed.loki import Loki, Row, await_rows
from testbed.processes import json_objects, run
from testbed.services import LAUNCHER

EVENTS = 8


@pytest.fixture(scope="module")
def both_ways(loki: Loki, collector: Collector, logs: Path) -> tuple[list[Row], list[Row]]:
    """What Loki holds of the events that came by OTLP and of those read from a file, each in order of time."""
    service = f"events-{uuid4().hex[:8]}"
    environment = {
        "OTEL_SERVICE_NAME": service,
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.version=1.2.3",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.otlp_http,
    }
    done = run([LAUNCHER, "python", str(Path(__file__).with_name("events.py"))], environment)
    # structlog prints to stdout, the standard library to stderr, as they do without us; a container's log holds both.
    printed = json_objects([*done.stdout.splitlines(), *done.stderr.splitlines()])
    ours = [line for line in printed if line["logger"] in ("events", "stdlib")]
    lines = sorted(ours, key=lambda line: line["timestamp"])
    assert [line.pop("otlp", None) for line in lines] == [True] * EVENTS, done.stdout + done.stderr
    # Another service, or Loki would take the second of two equal records for a repetition of the first.
    append(logs / "log" / service / "app.log", *(json.dumps(line | {"service": f"{service}-file"}) for line in lines))
    by_otlp = await_rows(loki, f'{{service_name="{service}"}}', EVENTS)
    from_file = await_rows(loki, f'{{service_name="{service}-file"}}', EVENTS)
    return by_otlp, from_file


def test_every_event_arrives_once_each_way(both_ways: tuple[list[Row], list[Row]]) -> None:
    """No event is lost or doubled on either way."""
    assert [len(rows) for rows in both_ways] == [EVENTS, EVENTS]


def test_line_and_time_are_the_same(both_ways: tuple[list[Row], list[Row]]) -> None:
    """The body is equal, the time to the microsecond."""
    by_otlp, from_file = both_ways
    assert [row.line for row in by_otlp] == [row.line for row in from_file]
    assert [row.time // 1000 for row in by_otlp] == [row.time // 1000 for row in from_file]


def test_labels_are_the_same(both_ways: tuple[list[Row], list[Row]]) -> None:
    """The stream labels are equal but for the name that keeps the two apart here."""
    by_otlp, from_file = both_ways
    assert [row.labels | {"service_name": ""} for row in by_otlp] == [
        row.labels | {"service_name": ""} for row in from_file
    ]


def test_metadata_is_the_same(both_ways: tuple[list[Row], list[Row]]) -> None:
    """Every key and every value is equal, trace context included, which is there once."""
    by_otlp, from_file = both_ways
    assert [row.metadata for row in by_otlp] == [row.metadata for row in from_file]
    in_span = [row for row in by_otlp if "trace_id" in row.metadata]
    assert len(in_span) == 4
    assert len({row.metadata["trace_id"] for row in in_span}) == 1
