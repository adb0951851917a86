# SPDX-License-Identifier: Apache-2.0
"""aiokafka: public cases of the field against a real Kafka, each tried by an application under the launcher."""

import pytest
from support.broker_cases import Ran, run_cases

NONE = "0" * 32
CASES = [
    "iterated",
    "waited_for",
    "getmany",
    "forwarded",
    "forwarded_later",
    "hostile",
    "failing",
    "empty_polls",
    "shared",
    "left_open",
    "enveloped",
    "transactions",
]


@pytest.fixture(scope="module")
def ran(kafka: str) -> Ran:
    return run_cases(kafka, "aiokafka_cases", CASES, OTEL_DISTRO_MESSAGE_ENVELOPE="correlation_id,traceparent")


def test_every_case_came_to_its_end(ran: Ran) -> None:
    assert list(ran.results) == CASES


def test_the_body_of_async_for_is_in_the_producers_trace(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3465"""
    result = ran.results["iterated"]
    assert result["seen"] == result["tasks"] == result["sent"]
    assert len(set(result["sent"])) == 2
    assert result["after"] == NONE
    assert [span.parent_span_id for span in ran.of("iterated", "process")] == [
        span.span_id for span in ran.of("iterated", "send")
    ]


def test_a_record_that_wait_for_took_elsewhere_is_found(ran: Ran) -> None:
    result = ran.results["waited_for"]
    assert result["by_hand"] == result["sent"]
    assert result["seen"] in (result["sent"], [NONE, NONE])  # from Python 3.12 on `wait_for` makes no task
    assert result["after"] == NONE
    assert [span.attributes["pipeline.stage"] for span in ran.of("waited_for", "process")] == ["waited"] * 2


def test_getmany_is_a_batch_of_links_and_each_record_can_have_its_own_trace(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3087"""
    result, spans = ran.results["getmany"], ran.of("getmany", "process")
    assert result["single"] == result["sent"]
    assert [line["trace_id"] for line in ran.said("one of a batch")] == result["sent"]
    whole = [span for span in spans if span.trace_id in result["whole"]]
    assert len(whole) == len(result["whole"]) >= 1
    assert [link.trace_id for span in whole for link in span.links] == result["sent"]
    (batch,) = [span for span in spans if span.trace_id == result["batch"]]
    assert [link.trace_id for link in batch.links] == result["sent"]
    assert (batch.parent_span_id, batch.attributes["messaging.batch.message_count"]) == (None, 3)
    assert sum(span.trace_id in result["sent"] for span in spans) == 3


def test_forwarded_headers_name_the_latest_span_once(ran: Ran) -> None:
    """https://github.com/spring-projects/spring-kafka/issues/3786"""
    result, sends = ran.results["forwarded"], ran.of("forwarded", "send")
    assert result["unchanged"]
    assert [len(values) for headers in result["again"] for values in headers.values()] == [1] * (5 * 5 + 3)
    spans = [headers["traceparent"][0][36:52] for headers in result["again"]]
    assert spans == [span.span_id for span in sends[1:]]
    assert {headers["x-correlation-id"][0] for headers in result["again"]} == {result["trace"]}
    assert [headers.get("kind") for headers in result["again"]] == [None, None, *[["audio"]] * 3]


def test_headers_forwarded_outside_any_span_go_on_with_their_trace(ran: Ran) -> None:
    result = ran.results["forwarded_later"]
    assert [result["seen"]] == result["sent"]
    assert result["second"]["x-correlation-id"] == result["sent"]


def test_hostile_headers_stop_nobody(ran: Ran) -> None:
    result = ran.results["hostile"]
    first, second, third, fourth = result["seen"]
    assert (second, third) == ("a" * 32, "e" * 32)
    assert NONE not in {first, fourth}
    lines = ran.said("hostile")
    assert [line["trace_id"] for line in lines] == result["seen"]
    assert [line["correlation_id"] for line in lines] == [first, "mine", third, fourth]
    assert len(result["refused"]) == 6
    assert [ours for ours, bare in result["refused"] if ours is None or ours != bare] == []


def test_failures_are_on_the_span_and_logged_once(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/4871"""
    refused, *sent = ran.of("failing", "send")
    assert (refused.status, refused.attributes["error.type"]) == ("ERROR", "TypeError")
    assert [span.status for span in sent] == ["UNSET"] * 3
    assert [(span.status, span.attributes.get("error.type")) for span in ran.of("failing", "process")] == [
        ("ERROR", "KeyError"),
        ("ERROR", "ValueError"),
        ("UNSET", None),
    ]
    (line,) = [line for line in ran.lines if "left the handler" in line.get("error", "")]
    assert (line["level"], line["logger"], line["message"], line["stage"]) == (
        "error",
        "otel_distro.pipeline",
        "stage failed",
        "inner",
    )
    assert line["exception"].endswith("ValueError: left the handler")
    assert line["trace_id"] == ran.of("failing", "process")[1].trace_id
    assert ran.results["failing"]["left"] == "ValueError('left the handler')"


def test_empty_polls_leave_nothing(ran: Ran) -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3590"""
    assert len(ran.of("empty_polls", "process")) == 1
    assert [span for span in ran.spans if "poll" in span.name.split()] == []


def test_tasks_that_share_a_consumer_have_a_message_each(ran: Ran) -> None:
    result = ran.results["shared"]
    assert result["seen"] == [[offset, trace_id, trace_id] for offset, trace_id in enumerate(result["sent"])]
    assert [span.trace_id for span in ran.of("shared", "process")] == result["sent"]


def test_what_nobody_comes_back_from_ends_with_the_consumer(ran: Ran) -> None:
    result = ran.results["left_open"]
    assert [span.trace_id for span in ran.of("left_open", "process")] == result["sent"]
    assert result["after"] == NONE


def test_envelopes_say_where_they_come_from(ran: Ran) -> None:
    result = ran.results["enveloped"]
    plain, event, raw = result["values"]
    assert plain.pop("traceparent")[3:35] == event.pop("traceparent")[3:35] == result["trace"]
    assert plain == result["given"] == {"event_id": "1", "correlation_id": "of-the-application"}
    assert event == {"specversion": "1.0", "id": "2", "correlationid": result["trace"]}
    assert raw == {"bytes": True}
    assert result["seen"] == [result["trace"]] * 2
    assert [line["correlation_id"] for line in ran.said("enveloped")] == [
        *[result["trace"]] * 3,
        "of-the-application",
        result["trace"],
    ]


def test_transactions_carry_the_origin(ran: Ran) -> None:
    result = ran.results["transactions"]
    assert result["seen"] == [["kept", result["trace"]], ["kept, too", result["trace"]]]


def test_each_processing_is_one_span(ran: Ran) -> None:
    singles = [span for span in ran.spans if span.kind == "CONSUMER" and "messaging.kafka.offset" in span.attributes]
    keys = ("messaging.destination.name", "messaging.consumer.group.name", "messaging.kafka.offset")
    seen = [tuple(span.attributes[key] for key in keys) for span in singles]
    assert len(seen) == len(set(seen)) > 30
