# SPDX-License-Identifier: Apache-2.0
"""What switches the observation of messages off, or tells it otherwise; and contrib's instrumentation beside ours."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.broker_cases import Ran, run_cases

NONE = "0" * 32
SENT = ["traceparent", "x-correlation-id", "x-pipeline-start", "x-request-id", "x-trace-id"]
CONTRIB = "opentelemetry-instrumentation-aiokafka==0.66b1"


def switched(kafka: str, **environment: str) -> tuple[Ran, dict]:
    ran = run_cases(kafka, "switched", ["switched"], **environment)
    return ran, ran.results["switched"]


def test_disabled_by_name_nothing_of_ours_is_left(kafka: str) -> None:
    ran, result = switched(kafka, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="aiokafka")
    assert (result["names"], result["seen"]) == ([], NONE)
    assert [span.name for span in ran.spans] == ["request"]


def test_links_only_processes_in_a_trace_of_its_own(kafka: str) -> None:
    ran, result = switched(kafka, OTEL_DISTRO_KAFKA_LINKS_ONLY="true")
    (span,) = ran.of("switched", "process")
    assert (span.parent_span_id, [link.trace_id for link in span.links]) == (None, [result["sent"]])
    assert result["seen"] == span.trace_id != result["sent"]


def test_messages_that_are_not_trusted_begin_anew(kafka: str) -> None:
    ran, result = switched(kafka, OTEL_DISTRO_TRUST_MESSAGES="false")
    (span,) = ran.of("switched", "process")
    assert (span.parent_span_id, span.links, result["names"]) == (None, (), SENT)
    assert span.trace_id != result["sent"]


def test_a_public_edge_keeps_the_traces_of_its_messages(kafka: str) -> None:
    """OTEL_DISTRO_TRUST_INCOMING and a list of hosts are about callers: brokers are no strangers."""
    edge = {"OTEL_DISTRO_TRUST_INCOMING": "false", "OTEL_DISTRO_CORRELATION_HOSTS": "api.example.com"}
    _, result = switched(kafka, **edge)
    assert (result["names"], result["seen"]) == (SENT, result["sent"])


def test_other_propagators_carry_messages_too(kafka: str) -> None:
    _, result = switched(kafka, OTEL_PROPAGATORS="tracecontext")
    assert (result["names"], result["seen"]) == (SENT, result["sent"])


def test_a_wrong_value_is_named_and_the_others_work(kafka: str) -> None:
    ran, result = switched(kafka, OTEL_DISTRO_MESSAGE_ENVELOPE="correlation", OTEL_DISTRO_KAFKA_LINKS_ONLY="perhaps")
    assert result["seen"] == result["sent"]
    complaints = [line["message"] for line in ran.lines if line["logger"] == "otel_distro"]
    for name, value in (("OTEL_DISTRO_MESSAGE_ENVELOPE", "correlation"), ("OTEL_DISTRO_KAFKA_LINKS_ONLY", "perhaps")):
        assert sum(name in complaint and value in complaint for complaint in complaints) == 1


@pytest.fixture(scope="module")
def contrib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """contrib's instrumentation in a folder of its own."""
    folder = tmp_path_factory.mktemp("contrib")
    command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target", str(folder), CONTRIB]
    subprocess.run(command, check=True, timeout=120)
    return folder


def test_contrib_beside_us_never_doubles(kafka: str, contrib: Path) -> None:
    ran, result = switched(kafka, PYTHONPATH=str(contrib))
    assert (result["names"], result["seen"]) == (SENT, result["sent"])
    assert len(ran.of("switched", "send")) == len(ran.of("switched", "process")) == 1
    assert sorted(span.name.split()[0] for span in ran.spans) == ["process", "request", "send"]
