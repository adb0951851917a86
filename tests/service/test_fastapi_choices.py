# SPDX-License-Identifier: Apache-2.0
"""Who makes the server spans: ours, the application by hand, FastAPI itself, or nobody; never two."""

from pathlib import Path

import httpx
import pytest
from testbed.processes import json_objects
from testbed.services import Service

APPS = Path(__file__).parents[1] / "support"
OFF = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "fastapi"}
NATIVE = {"OTEL_DISTRO_FASTAPI_NATIVE_TELEMETRY": "true"}
BY_HAND = """from accessed import app
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
FastAPIInstrumentor.instrument_app(app)
"""


def served(receiver, tmp_path, environment, source="from accessed import app\n"):
    """Serve one request; return its response, the spans of the process and its access events."""
    (tmp_path / "chosen.py").write_text(source)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "PYTHONPATH": str(APPS), **environment}
    with Service("chosen:app", tmp_path, variables) as service:
        response = httpx.get(f"{service.url}/items/7", timeout=60)
        service.stop()
    events = [line for line in json_objects(service.stdout) if line.get("path") == "/items/7"]
    assert response.status_code == 200
    return response, list(receiver.spans()), events


@pytest.mark.parametrize("environment", [{}, OFF], ids=["instrumented", "switched off"])
def test_an_application_instrumented_by_hand_has_one_span_which_is_ours(receiver, tmp_path, environment):
    response, spans, events = served(receiver, tmp_path, environment, BY_HAND)
    assert [span.name for span in spans] == ["GET /items/{number}"]
    assert [event["trace_id"] for event in events] == [spans[0].trace_id] == [response.headers["x-trace-id"]]


def test_an_instrumentation_that_is_switched_off_makes_no_spans_nor_does_fastapi_s_own(receiver, tmp_path):
    _, spans, _ = served(receiver, tmp_path, OFF)
    assert spans == []


def test_an_application_may_still_ask_for_fastapi_s_own_telemetry(receiver, tmp_path):
    source = (
        "from fastapi import FastAPI\napp = FastAPI(telemetry={'operation_spans': False})\n"
        "@app.get('/items/{number}')\nasync def item(number: int) -> int:\n    return number\n"
    )
    _, spans, _ = served(receiver, tmp_path, OFF, source)
    assert [span.name for span in spans] == ["GET /items/{number}"]


def test_ids_and_the_access_event_accompany_fastapi_s_own_spans_if_those_are_chosen(receiver, tmp_path):
    response, spans, events = served(receiver, tmp_path, NATIVE)
    (server,) = [span for span in spans if span.name == "GET /items/{number}"]
    assert [event["trace_id"] for event in events] == [server.trace_id] == [response.headers["x-trace-id"]]
    assert [event["route"] for event in events] == ["/items/{number}"]
