# SPDX-License-Identifier: Apache-2.0
"""One id finds the lines of both services, whichever header the caller knows."""

import httpx
import pytest
from testbed.processes import json_objects
from testbed.waiting import wait_until

MESSAGE = {"text": "hello there", "user_id": "ada"}
TRACE = "{:032x}"
HEADERS = ("x-trace-id", "x-request-id", "x-correlation-id")
FIELDS = ("trace_id", "request_id", "correlation_id")


def post(chat, headers):
    return httpx.post(f"{chat.chat_api.url}/rooms/lobby/messages", json=MESSAGE, headers=headers, timeout=60)


def lines(chat, trace_id):
    """Return the lines of a trace by service, once both access events are there."""

    def found():
        return {
            name: [line for line in json_objects(service.stdout) if line.get("trace_id") == trace_id]
            for name, service in chat.services.items()
        }

    wait_until(lambda: all(any("status_code" in line for line in each) for each in found().values()))
    return found()


CALLS = [
    pytest.param({"x-trace-id": TRACE.format(0xA1)}, (TRACE.format(0xA1),) * 3, id="only x-trace-id"),
    pytest.param({"x-request-id": "order-1"}, (None, "order-1", None), id="only x-request-id"),
    pytest.param({"x-correlation-id": "flow/2"}, (None, None, "flow/2"), id="only x-correlation-id"),
    pytest.param(
        {"x-trace-id": TRACE.format(0xA2), "x-request-id": "r", "x-correlation-id": "c"},
        (TRACE.format(0xA2), "r", "c"),
        id="all",
    ),
    pytest.param({}, (None, None, None), id="none"),
    pytest.param(
        {"x-trace-id": "0" * 32, "x-request-id": "a b", "x-correlation-id": "{{7*7}}" * 40},
        (None, None, None),
        id="hostile",
    ),
]


@pytest.mark.parametrize(("sent", "wanted"), CALLS)
def test_both_services_log_send_on_and_answer_the_same_ids(chat, sent, wanted):
    response = post(chat, sent)
    trace_id = response.headers["x-trace-id"]
    expected = tuple(value or trace_id for value in wanted)
    by_service = lines(chat, trace_id)
    assert response.status_code == 200
    assert tuple(response.headers[name] for name in HEADERS) == expected
    assert {name: len(found) >= 2 for name, found in by_service.items()} == {"chat_api": True, "inference": True}
    seen = {tuple(line[field] for field in FIELDS) for found in by_service.values() for line in found}
    assert seen == {expected}


def test_a_lone_trace_id_makes_a_true_root(chat):
    trace_id = TRACE.format(0xB1)
    post(chat, {"x-trace-id": trace_id})
    spans = chat.receiver.wait_for(
        lambda receiver: len(found := [span for span in receiver.spans() if span.trace_id == trace_id]) >= 4 and found
    )
    roots = [span for span in spans if not span.parent_span_id]
    assert [(span.service, span.kind) for span in roots] == [("chat_api", "SERVER")]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/rooms/none/messages", 404), ("GET", "/nowhere", 404)])
def test_refusals_carry_the_ids(chat, method, path, status):
    response = httpx.request(method, chat.chat_api.url + path, timeout=60)
    assert response.status_code == status
    assert len({response.headers[name] for name in HEADERS}) == 1
