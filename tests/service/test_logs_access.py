# SPDX-License-Identifier: Apache-2.0
"""One access event per request, in the place of the server's line, with the status that was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import support.accessed
from testbed.services import Service
from websockets.sync.client import connect

from otel_distro.logs.contract import check

DIRECTORY = Path(support.accessed.__file__).parent


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    environment = {
        "OTEL_SERVICE_NAME": "access",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "/health",
        "OTEL_DISTRO_ACCESS_LOG_START": "true",
        "OTEL_DISTRO_SLOW_REQUEST_SECONDS": "0.05",
    }
    with Service("accessed:app", DIRECTORY, environment, server=request.param) as running:
        yield running


def events_after(service: Service, before: int, expected: int) -> list[dict[str, object]]:
    """Return the access events since a moment, once there are as many as expected."""

    def found(_: object = None) -> list[dict[str, object]]:
        events = [json.loads(line) for line in service.stdout[before:]]
        return [event for event in events if event["logger"] == "otel_distro.access"]

    service.wait_for(lambda _: len(found()) >= expected)
    return found()


@pytest.mark.parametrize(
    ("path", "status", "level", "route", "marks"),
    [
        ("/items/5?token=planted", 200, "info", "/items/{number}", {}),
        ("/missing", 404, "warning", None, {}),
        ("/broken", 500, "error", "/broken", {"error": "ValueError: broken on purpose"}),
        ("/slow", 200, "warning", "/slow", {"slow": True}),
        ("/refused", 403, "warning", "/refused", {}),
    ],
)
def test_one_event_per_request_in_its_trace(service, path, status, level, route, marks):  # noqa: PLR0917 - one row
    before = len(service.stdout)
    response = httpx.get(f"{service.url}{path}", timeout=60)
    begun, ended = events_after(service, before, 2)
    assert (begun["message"], begun["level"]) == (f"GET {path.partition('?')[0]} started", "info")
    assert (response.status_code, ended["status_code"]) == (status, status)
    assert (ended["level"], ended.get("route"), ended["path"]) == (level, route, path.partition("?")[0])
    assert begun["trace_id"] == ended["trace_id"] == response.headers["x-trace-id"]
    assert (ended["method"], ended["client"]) == ("GET", "127.0.0.1")
    assert {name: ended.get(name) for name in marks} == marks
    assert ended["duration_ms"] > 0


def test_an_excluded_url_is_silent(service):
    before = len(service.stdout)
    assert httpx.get(f"{service.url}/health", timeout=60).status_code == 200
    assert httpx.get(f"{service.url}/items/1", timeout=60).status_code == 200
    events_after(service, before, 2)
    assert [line for line in service.stdout[before:] if "health" in line] == []


def test_a_client_that_goes_away_before_the_answer_is_marked(service):
    before = len(service.stdout)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{service.url}/forever", timeout=0.3)
    *_, ended = events_after(service, before, 2)
    assert (ended["level"], ended["aborted"], ended["path"]) == ("warning", True, "/forever")
    assert "status_code" not in ended


def test_a_websocket_is_told_at_its_begin_and_at_its_end(service):
    before = len(service.stdout)
    with connect(f"{service.url.replace('http', 'ws')}/echo?token=planted&email=joe@example.com") as session:
        session.send("hello")
        assert session.recv() == "hello"
    begun, ended = events_after(service, before, 2)
    assert (begun["path"], begun["trace_id"]) == ("/echo", ended["trace_id"])
    assert (ended["method"], ended["path"], ended["status_code"], ended["level"]) == ("WEBSOCKET", "/echo", 101, "info")
    assert "slow" not in ended
    # The server's own lines show the query string, and say what the event says.
    assert [line for line in service.stdout[before:] if "joe" in line or "connection " in line] == []


def test_every_line_of_the_server_keeps_the_contract(service):
    before = len(service.stdout)
    paths = ("/items/5?token=planted", "/missing?token=planted", "/broken?token=planted", "/refused") * 3
    for path in paths:
        httpx.get(f"{service.url}{path}", timeout=60)
    events_after(service, before, 2 * len(paths))
    lines = list(service.stdout)
    assert len(lines) > 2 * len(paths)
    assert [str(deviation) for deviation in check(lines)] == []
    assert service.stderr == []
    assert [line for line in lines if "planted" in line] == []
