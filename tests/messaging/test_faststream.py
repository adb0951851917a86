# SPDX-License-Identifier: Apache-2.0
"""FastStream by the launcher alone: one worker, two workers, a batch, a failing handler, a chain.

https://github.com/ag2ai/faststream/issues/2100, https://github.com/DataDog/dd-trace-py/issues/17938
"""

import pytest
from support.broker_cases import Ran, run_cases


@pytest.fixture(scope="module")
def ran(kafka: str) -> Ran:
    return run_cases(kafka, "faststream_cases", ["single", "workers", "batch", "failing", "chain"])


def test_a_handler_is_in_the_producers_trace(ran: Ran) -> None:
    result = ran.results["single"]
    assert result["seen"] == [[str(number), trace_id] for number, trace_id in enumerate(result["sent"])]
    assert [line["correlation_id"] for line in ran.said("single")] == result["sent"]
    assert [span.trace_id for span in ran.of("single", "process")] == result["sent"]


def test_handlers_of_several_workers_have_a_message_each(ran: Ran) -> None:
    result = ran.results["workers"]
    assert sorted(result["seen"]) == [[str(number), id_, id_] for number, id_ in enumerate(result["sent"])]
    spans = ran.of("workers", "process")
    assert [span.trace_id for span in spans] == result["sent"]
    assert min(span.duration_ms for span in spans) >= 50
    assert {line["text"]: line["trace_id"] for line in ran.said("workers")} == dict(
        zip("0123", result["sent"], strict=True)
    )


def test_a_batch_is_a_trace_of_links(ran: Ran) -> None:
    result, spans = ran.results["batch"], ran.of("batch", "process")
    assert [text for texts, _ in result["seen"] for text in texts] == list("0123")
    assert [span.trace_id for span in spans] == [trace_id for _, trace_id in result["seen"]]
    assert [link.trace_id for span in spans for link in span.links] == result["sent"]


def test_a_handler_that_raises_is_an_error_and_told_once(ran: Ran) -> None:
    """FastStream has logged it with its traceback, as text of its own in a program that serves nothing: we do not repeat it."""
    result = ran.results["failing"]
    assert result["seen"] == result["sent"]
    spans = ran.of("failing", "process")
    assert [(span.status, span.attributes.get("error.type")) for span in spans] == [
        ("ERROR", "ValueError"),
        ("UNSET", None),
    ]
    assert [event.name for event in spans[0].events] == ["exception"]
    assert ran.output.count("Traceback (most recent call last)") == 1


def test_what_a_handler_returns_goes_on_in_the_same_trace(ran: Ran) -> None:
    assert ran.results["chain"]["seen"] == [ran.results["failing"]["sent"][1]]
