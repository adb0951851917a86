# SPDX-License-Identifier: Apache-2.0
"""Applications that try one thing after another with a real Kafka, and what became of it: results, lines, spans, metrics."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic
from support.fleet import APPS
from testbed.otlp_receiver import OtlpReceiver, Span
from testbed.processes import json_objects, run
from testbed.services import LAUNCHER

APPLICATIONS = APPS / "messaging"


@dataclass
class Ran:
    """What became of the cases of an application."""

    topics: dict[str, str]
    results: dict[str, dict[str, Any]]
    lines: list[dict[str, Any]]
    spans: list[Span]
    output: str

    def of(self, case: str, operation: str) -> list[Span]:
        """Return the spans of an operation on the topic of a case, by offset where they have one."""
        found = [span for span in self.spans if span.name == f"{operation} {self.topics[case]}"]
        return sorted(found, key=lambda span: span.attributes.get("messaging.kafka.offset", -1))

    def said(self, message: str) -> list[dict[str, Any]]:
        """Return the lines of a message."""
        return [line for line in self.lines if line["message"] == message]


def create_topics(address: str, *names: str, partitions: int = 1) -> None:
    """Create topics."""
    admin = AdminClient({"bootstrap.servers": address})
    for created in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
        created.result(60)


def run_cases(address: str, application: str, cases: list[str], **environment: str) -> Ran:
    """Run an application under the launcher, with a topic for each of its cases."""
    topics = {case: f"{case}.{uuid.uuid4().hex[:8]}" for case in cases}
    create_topics(address, *topics.values())
    with OtlpReceiver() as receiver:
        variables = {"OTEL_SERVICE_NAME": "cases", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **environment}
        command = [LAUNCHER, "python", f"{application}.py", address, *topics.values()]
        done = run(command, variables, APPLICATIONS, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "internal fault" not in done.stderr, done.stderr
        spans = receiver.spans()
    results = {said["case"]: said for said in json_objects(done.stdout.splitlines()) if "case" in said}
    return Ran(topics, results, json_objects(done.stderr.splitlines()), spans, done.stdout + done.stderr)
