# SPDX-License-Identifier: Apache-2.0
"""kafka-python against a real Kafka, by an application under the launcher."""

import pytest
from support.broker_cases import Ran, run_cases

NONE = "0" * 32
CASES = ["iterated", "polled", "forwarded", "enveloped", "failing"]
SENT = ["traceparent", "x-correlation-id", "x-pipeline-start", "x-request-id", "x-trace-id"]


@pytest.fixture(scope="module")
def ran(kafka: str) -> Ran:
    return run_cases(kafka, "kafka_python_cases", CASES, OTEL_DISTRO_MESSAGE_ENVELOPE="correlation_id")


def test_the_body_of_the_loop_is_in_the_producers_trace(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/1732"""
    result = ran.results["iterated"]
    assert result["seen"] == result["sent"]
    assert [line["correlation_id"] for line in ran.said("iterated")] == result["sent"]
    assert [span.trace_id for span in ran.of("iterated", "process")] == result["sent"]
    assert result["after"] == NONE


def test_poll_is_a_batch_of_links_and_nothing_where_it_is_empty(ran: Ran) -> None:
    result, spans = ran.results["polled"], ran.of("polled", "process")
    assert result["single"] == result["sent"]
    whole = [span for span in spans if span.trace_id in result["whole"]]
    assert [link.trace_id for span in whole for link in span.links] == result["sent"]
    assert len(spans) == len(set(result["whole"])) + 3
    assert result["after"] == NONE


def test_forwarded_headers_stay_one_of_each(ran: Ran) -> None:
    assert ran.results["forwarded"] == {"case": "forwarded", "again": SENT, "unchanged": True}


def test_envelopes_say_where_they_come_from(ran: Ran) -> None:
    result = ran.results["enveloped"]
    assert result["value"] == {"correlation_id": result["sent"], "text": "one"}


def test_what_the_client_refuses_is_refused_with_the_same_words(ran: Ran) -> None:
    result = ran.results["failing"]
    assert (len(result["bare"]), result["bare"].count(None)) == (4, 0)
    assert result["ours"] == result["bare"]
    assert "ERROR" in [span.status for span in ran.of("failing", "send")]
