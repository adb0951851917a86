# SPDX-License-Identifier: Apache-2.0
"""FastAPI finds its own telemetry of a request as before, whoever makes it: only the way there is shorter."""

import pytest

api = pytest.importorskip("fastapi.telemetry._api", reason="FastAPI has telemetry of its own since 0.142")

from opentelemetry.context import attach, detach, get_current, set_value  # noqa: E402 - after the check for FastAPI

from otel_distro.upstream.http import quick_request_telemetry  # noqa: E402


@pytest.fixture
def telemetry(monkeypatch):
    monkeypatch.setattr(*quick_request_telemetry())
    assert api._get_request_telemetry.__module__ == "otel_distro.upstream.http"
    return api._RequestTelemetry(span=None, span_method="GET")


def test_what_is_current_is_found_and_nothing_else(telemetry):
    assert api.get_telemetry_data() is None
    token = attach(set_value(api._REQUEST_TELEMETRY_KEY, telemetry))
    try:
        assert api.get_telemetry_data() is telemetry.data
    finally:
        detach(token)
    assert api.get_telemetry_data() is None


def test_a_context_that_is_handed_over_is_looked_into(telemetry):
    context = set_value(api._REQUEST_TELEMETRY_KEY, telemetry, get_current())
    assert api.get_telemetry_data(context) is telemetry.data
    assert api.get_telemetry_data(set_value(api._REQUEST_TELEMETRY_KEY, "something else")) is None
