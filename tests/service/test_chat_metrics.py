# SPDX-License-Identifier: Apache-2.0
"""/metrics of both example services counts exactly what was sent, in both formats."""

from collections import Counter

import httpx
import pytest
from demo.traffic import calls, send
from testbed.scrape import OPENMETRICS, TEXT, scrape

SERVED = "http_server_request_duration_seconds_count"
CALLED = "http_client_request_duration_seconds_count"


@pytest.fixture(scope="module")
def traffic(chat):
    """The requests sent, all answered, before any test of this file reads /metrics."""
    sent = calls(96)
    send(chat.chat_api.url, sent, lambda _progress: None)
    return sent


@pytest.fixture(scope="module", params=[OPENMETRICS, TEXT], ids=["openmetrics", "text"])
def pages(request, chat, traffic):
    return {name: service.scrape(request.param) for name, service in chat.services.items()}


def test_counts_exactly_the_requests_sent(pages, traffic):
    page = pages["chat_api"]
    by_status = Counter(
        {
            int(s.labels["http_response_status_code"]): int(s.value)
            for s in page.samples(SERVED, http_request_method="POST")
        }
    )
    assert by_status == Counter(call.status for call in traffic if call.method == "POST")
    assert page.value(SERVED) == len(traffic) == 96


def test_a_series_is_named_by_method_route_and_status(pages):
    found = {tuple(sorted(sample.labels)) for sample in pages["chat_api"].samples(SERVED)}
    assert len(found) >= 1
    assert all("otel_scope_name" not in labels for labels in found)
    assert pages["chat_api"].value(SERVED, http_route="/rooms/{room}", http_response_status_code="500") == 2


def test_calls_to_inference_are_counted_on_both_sides(pages, traffic):
    posted = sum(call.method == "POST" for call in traffic)
    assert pages["chat_api"].value(CALLED, http_request_method="POST") == posted
    assert pages["inference"].value(SERVED, http_route="/generate") == posted


def test_nothing_is_in_flight_afterwards(pages):
    (active,) = pages["chat_api"].samples("http_server_active_requests", http_request_method="POST")
    assert active.value == 0


def test_the_applications_own_metrics_appear_whatever_they_were_made_with(pages, traffic):
    answered = sum(call.method == "POST" and call.status == 200 for call in traffic)
    assert pages["chat_api"].value("chat_messages_total") == answered
    assert pages["chat_api"].value("active_rooms_total") == 5
    assert pages["inference"].value("llm_api_latency_seconds_count", provider="example", model="parrot-1") == answered


def test_process_runtime_and_event_loop_are_there(pages):
    page = pages["chat_api"]
    assert page.value("process_resident_memory_bytes") > 1_000_000
    assert page.value("process_cpu_seconds_total") > 0
    assert len(page.samples("python_info")) == 1
    assert 0 <= page.value("otel_distro_event_loop_lag_seconds") < 60
    assert len(page.samples("otel_distro_event_loop_lag_seconds")) == 1


def test_the_resource_is_target_info_once(pages):
    (target,) = pages["chat_api"].samples("target_info")
    assert target.labels["service_name"] == "chat_api"
    assert target.labels["telemetry_distro_name"] == "otel-distro"


def test_exemplars_name_traces_that_the_receiver_holds(chat, traffic):
    exemplars = chat.chat_api.scrape().exemplars("http_server_request_duration_seconds_bucket")
    chat.receiver.wait_for(
        lambda r: sum(span.kind == "SERVER" and span.service == "chat_api" for span in r.spans()) >= 96
    )
    traces = {span.trace_id for span in chat.receiver.spans()}
    assert len(exemplars) >= 1
    assert {exemplar.labels["trace_id"] for exemplar in exemplars} <= traces


def test_head_is_answered(chat):
    response = httpx.head(f"{chat.chat_api.admin_url}/metrics", timeout=60)
    assert (response.status_code, response.content) == (200, b"")


def test_health_says_that_the_loop_turns(chat, traffic):
    response = httpx.get(f"{chat.chat_api.admin_url}/health", timeout=60)
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_metrics_are_not_served_on_the_applications_port(chat):
    assert httpx.get(f"{chat.chat_api.url}/metrics", timeout=60).status_code == 404


def test_reading_the_page_does_not_change_it(chat, traffic):
    counts = {scrape(chat.inference.admin_url).value(SERVED) for _ in range(5)}
    assert len(counts) == 1
