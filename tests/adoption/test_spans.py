# SPDX-License-Identifier: Apache-2.0
"""Instrumented by hand and by us: one span, one measurement, and one line that says what to delete."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from support.adopt_page import APPS
from testbed.otlp_receiver import OtlpReceiver
from testbed.services import Service

BY_HAND = ["httpx+client", "fastapi+app", "provider+httpx+app", "late+client"]
EXPECTED = {("SERVER", "GET /"): 1, ("SERVER", "GET /inner"): 1, ("CLIENT", "GET"): 1}


@pytest.mark.parametrize("by_hand", BY_HAND)
def test_nothing_is_doubled(by_hand: str, receiver: OtlpReceiver):
    variables = {"BY_HAND": by_hand, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_SERVICE_NAME": "by-hand"}
    with Service("app:app", APPS / "instrumented", variables, timeout=60) as service:
        assert httpx.get(service.url, timeout=60).json() == 200
        page = service.scrape()
    assert Counter((span.kind, span.name) for span in receiver.spans()) == EXPECTED
    assert len({span.trace_id for span in receiver.spans()}) == 1
    assert page.value("http_server_request_duration_seconds_count") == 2
    assert page.value("http_client_request_duration_seconds_count") == 1
    told = [line for line in service.stdout if "already instrumented" in line or "set_tracer_provider" in line]
    assert len(told) == len(by_hand.split("+")) - ("client" in by_hand and "late" not in by_hand), told
