# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka: every consumer and producer of it against a real Kafka, by an application under the launcher."""

import pytest
from support.broker_cases import Ran, run_cases

NONE = "0" * 32
CASES = ["polled", "consumed", "serialized", "forwarded", "refused", "asynchronous"]
SENT = ["traceparent", "x-correlation-id", "x-pipeline-start", "x-request-id", "x-trace-id"]


@pytest.fixture(scope="module")
def ran(kafka: str) -> Ran:
    return run_cases(kafka, "confluent_cases", CASES)


def test_a_polled_message_is_processed_in_the_producers_trace(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/1674"""
    result = ran.results["polled"]
    assert result["seen"] == result["work"] == result["sent"]
    assert result["parts"] == [[True, 0, "0"], [True, 1, "1"]]
    assert (result["kinds"], result["after"]) == ([True, True], NONE)
    assert [line["trace_id"] for line in ran.said("polled")] == result["sent"]
    spans = ran.of("polled", "process")
    assert [span.trace_id for span in spans] == result["sent"]
    assert {span.attributes["messaging.consumer.group.name"] for span in spans} == {f"workers-{ran.topics['polled']}"}


def test_consume_is_a_batch_of_links(ran: Ran) -> None:
    result, spans = ran.results["consumed"], ran.of("consumed", "process")
    assert [span.trace_id for span in spans] == result["whole"]
    assert [link.trace_id for span in spans for link in span.links] == result["sent"]
    assert (sum(span.attributes["messaging.batch.message_count"] for span in spans), result["after"]) == (3, NONE)


def test_serializing_and_deserializing_clients_are_observed(ran: Ran) -> None:
    result = ran.results["serialized"]
    assert result["seen"] == result["sent"]
    assert (result["names"], result["value"]) == (["kind", *SENT], {"text": "one"})
    assert [line["correlation_id"] for line in ran.said("deserialized")] == [result["sent"]]
    assert result["after"] == NONE


def test_forwarded_headers_stay_one_of_each(ran: Ran) -> None:
    assert ran.results["forwarded"]["again"] == ["kind", *SENT]


def test_what_the_client_refuses_is_refused_with_the_same_words(ran: Ran) -> None:
    result = ran.results["refused"]
    assert (len(result["bare"]), result["bare"].count(None)) == (5, 0)
    assert result["ours"] == result["bare"]


def test_asynchronous_clients_have_the_message_in_the_coroutine(ran: Ran) -> None:
    result = ran.results["asynchronous"]
    assert result["by_hand"] == [result["sent"]]
    assert result["seen"][1:] == result["threads"]
    assert [line["trace_id"] for line in ran.said("asynchronous")] == result["seen"]
    assert result["after"] == NONE
    assert [line for line in ran.lines if "detach" in line["message"]] == []
