# SPDX-License-Identifier: Apache-2.0
"""Each way in which applications give requests ids: client, lines, access event, calls and span have the application's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support.adopt_page import APPS
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import json_objects
from testbed.services import Service
from testbed.waiting import wait_until
from websockets.sync.client import connect

# The way of tests/adoption/apps/ids -> which ids it takes over; it makes one of its own otherwise.
NOTHING, UUID, OTHER = "nothing", "a UUID", "no UUID"
ALL = {NOTHING, UUID, OTHER}
WAYS: dict[str, set[str]] = {
    "none": ALL,
    "adopts": ALL,
    "mints": set(),
    "mints_at_the_wire": set(),
    "outside": set(),
    "refuses": {UUID},
    "replaces": set(),
    "binds": set(),
    "silent": set(),
    "depends": ALL,
    "asgi_correlation_id": {NOTHING, UUID},
    "asgi_request_id": set(),
    "starlette_context_forced": set(),
}
GIVEN = {NOTHING: "", UUID: str(uuid.UUID(int=0x1234567890ABCDEF << 32, version=4)), OTHER: "rid-7"}
LOGGERS = ("ids", "otel_distro.access")
CASES = [(way, given) for way in WAYS for given in GIVEN]


@pytest.fixture(scope="module")
def collected() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def service(collected: OtlpReceiver) -> Iterator[Service]:
    """All of them, in one process."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collected.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with Service("app:app", APPS / "ids", variables, timeout=90) as running:
        ask(running, collected, "/outside/")  # no lifespan told that application's from the first request
        yield running


@dataclass(frozen=True)
class Seen:
    """One request: what its client got, its lines (the access event is the last), its server's span."""

    answer: httpx.Response
    lines: list[dict[str, Any]]
    span: Any

    def everywhere(self, name: str) -> dict[str, object]:
        """Return what an id is, everywhere; `name` such as `request_id`."""
        header = f"x-{name.replace('_', '-')}"
        trace = self.lines[-1]["trace_id"]
        (on_span,) = self.span.attributes.get(f"http.response.header.{header}", (trace,))
        place = ("x-request-id", "x-correlation-id").index(header)
        return {
            "client": self.answer.headers[header],
            "lines": {line[name] for line in self.lines if line["logger"] == "ids"},
            "access event": self.lines[-1][name],
            "span": on_span,
            **({"behind": self.answer.json()["behind"].split()[place]} if self.answer.status_code == 200 else {}),
        }


def ask(service: Service, collected: OtlpReceiver, path: str, **headers: str) -> Seen:
    mark = len(service.stdout)
    answer = httpx.get(service.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)
    return told(service, collected, mark, answer)


def told(service: Service, collected: OtlpReceiver, mark: int, answer: httpx.Response) -> Seen:
    """Return what was seen of the request that wrote the first line from a mark on."""
    lines: list[dict[str, Any]] = []

    def ended() -> bool:
        lines[:] = [line for line in json_objects(service.stdout[mark:]) if line["logger"] in LOGGERS]
        return bool(lines) and lines[-1]["logger"] == LOGGERS[1]

    wait_until(ended, 60)
    trace = lines[-1]["trace_id"]

    def server_spans(receiver: OtlpReceiver) -> list[Any]:
        return [span for span in receiver.spans() if (span.trace_id, span.kind) == (trace, "SERVER")]

    (span,) = collected.wait_for(server_spans, 60)
    return Seen(answer, lines, span)


def same(value: str, *, lines: bool = True, behind: bool = True) -> dict[str, object]:
    """Return what `everywhere` does when an id is the same everywhere."""
    where = {"client": value, "access event": value, "span": value}
    return where | ({"lines": {value}} if lines else {}) | ({"behind": value} if behind else {})


@pytest.mark.parametrize(("way", "given"), CASES)
def test_one_request_id_is_everywhere_and_it_is_the_applications(service, collected, way: str, given: str):
    value = GIVEN[given]
    seen = ask(service, collected, f"/{way}/", **({"x_request_id": value} if value else {}))
    assert seen.answer.status_code == 200
    assert len(seen.lines) == 3
    own = seen.answer.json()["own"] or seen.answer.headers["x-request-id"]
    assert seen.everywhere("request_id") == same(own)
    assert (own == (value or seen.lines[-1]["trace_id"])) == (given in WAYS[way])


@pytest.mark.parametrize(("way", "given"), [("starlette_context", NOTHING), ("starlette_context", UUID)])
def test_a_middleware_that_answers_what_it_refuses_with_400_takes_our_id(service, collected, way: str, given: str):
    value = GIVEN[given]
    seen = ask(service, collected, f"/{way}/", **({"x_request_id": value} if value else {}))
    assert seen.everywhere("request_id") == same(seen.answer.json()["own"])
    assert seen.answer.json()["own"] == (value or seen.lines[-1]["trace_id"])


def test_and_refuses_what_it_refused(service, collected):
    assert ask(service, collected, "/starlette_context/", x_request_id="rid-7").answer.status_code == 400


@pytest.mark.parametrize("way", ["none", "mints_at_the_wire", "outside", "silent", "asgi_correlation_id"])
def test_a_websocket_has_one_id_everywhere(service, collected, way: str):
    mark = len(service.stdout)
    with connect(f"{service.url.replace('http', 'ws')}/{way}/ws", open_timeout=60) as socket:
        assert socket.response is not None
        answer = httpx.Response(101, headers=list(socket.response.headers.raw_items()))
    seen = told(service, collected, mark, answer)
    assert seen.everywhere("request_id") == same(answer.headers["x-request-id"], behind=False)
    assert (answer.headers["x-request-id"] == seen.lines[-1]["trace_id"]) == (way in {"none", "asgi_correlation_id"})


@pytest.mark.parametrize("given", [{}, {"x_correlation_id": "order-1"}, {"x_trace_id": "front-1"}])
def test_one_correlation_id_is_everywhere(service, collected, given: dict[str, str]):
    seen = ask(service, collected, "/correlates/", **given)
    assert seen.everywhere("correlation_id") == same(seen.answer.json()["own"])


def test_a_trace_id_of_ones_own_is_the_correlation_id_where_it_can_be_no_trace_id(service, collected):
    seen = ask(service, collected, "/traces/")
    own = seen.answer.json()["own"]
    assert seen.answer.headers["x-trace-id"] == own
    assert seen.everywhere("correlation_id") == same(own)
    assert seen.answer.json()["behind"].split()[2] == seen.lines[-1]["trace_id"] != own
    seen = ask(service, collected, "/traces/", x_correlation_id="order-1")
    assert seen.everywhere("correlation_id") == same("order-1")
    assert {line["trace_id_"] for line in seen.lines} == {seen.answer.json()["own"]}


@pytest.mark.parametrize("way", ["mints", "mints_at_the_wire", "silent", "binds", "asgi_correlation_id"])
def test_a_request_that_fails_has_the_id_as_well(service, collected, way: str):
    seen = ask(service, collected, f"/{way}/?fail=true", x_request_id="rid-7")
    assert (seen.answer.status_code, len(seen.lines)) == (500, 3)
    found = seen.everywhere("request_id")
    assert found["lines"] == {found["access event"]} == {found["span"]} == {found["client"]} != {"rid-7"}

    def traceback(process: Service) -> list[dict[str, Any]]:
        lines = json_objects(process.stdout)
        return [line for line in lines if "exception" in line and line["trace_id"] == seen.lines[-1]["trace_id"]]

    service.wait_for(lambda process: bool(traceback(process)), 60)
    assert [line["request_id"] for line in traceback(service)] == [found["client"]]
