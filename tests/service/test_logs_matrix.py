# SPDX-License-Identifier: Apache-2.0
"""However logging is set up: each event is one line with its ids, and one OTLP record if asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import jsonschema
import pytest
from otlp_receiver import LogRecord, OtlpReceiver
from support import logging_setups
from support.processes import LAUNCHER, Service, run

from otel_distro.logs.contract import check_event, schema

SUPPORT = Path(logging_setups.__file__).parent
ALL = sorted(logging_setups.SETUPS)
# It starts the distribution by itself, which in a server is the launcher's part.
SERVED = [name for name in ALL if name != "configured_before_the_distribution"]
NEVER_LOGGED = ("event-hidden", "event-captured")
validator = jsonschema.Draft202012Validator(schema())


def variables(receiver: OtlpReceiver | None) -> dict[str, str]:
    endpoint = receiver.endpoint if receiver else ""
    exporting = {
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
    }
    return {
        "OTEL_SERVICE_NAME": "logs",
        "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
        "OTEL_TRACES_EXPORTER": "none",
        "PYTHONPATH": str(SUPPORT),
        **(exporting if receiver else {}),
    }


def assert_each_once(name: str, lines: Sequence[str], trace_id: str | None = None) -> None:
    """Every event of a setup is exactly one line, whole, with its ids, in the shape that it should have."""
    for message, contract in logging_setups.EXPECTED[name].items():
        found = [line for line in lines if message in line]
        assert len(found) == 1, (message, lines)
        assert_line(found[0], contract=contract, in_span="thread" not in message, trace_id=trace_id)
    assert not [line for line in lines if any(hidden in line for hidden in NEVER_LOGGED)]


def assert_line(line: str, *, contract: bool, in_span: bool, trace_id: str | None) -> None:
    if in_span:
        assert "trace_id" in line
        assert "span_id" in line
        assert trace_id is None or trace_id in line
    if contract:
        event = json.loads(line)
        assert list(check_event(event)) == []
        validator.validate(event)
        assert ("trace_id" in event) is in_span


def assert_each_exported_once(name: str, lines: Sequence[str], records: Sequence[LogRecord]) -> None:
    """Every event is exactly one record, and a line that is JSON says that its record was accepted."""
    for message in logging_setups.EXPECTED[name]:
        assert [record.body for record in records].count(message) == 1, (message, records)
    own = [line for line in lines if any(message in line for message in logging_setups.EXPECTED[name])]
    assert all(json.loads(line)["otlp"] is True for line in own if line.startswith("{"))


@pytest.mark.parametrize("name", ALL)
def test_a_script_writes_each_event_once(name: str, receiver: OtlpReceiver) -> None:
    """Two scripts at the same time: one writes to standard output only, the other exports too."""
    launcher = [] if name == "configured_before_the_distribution" else [LAUNCHER]
    command = [*launcher, sys.executable, str(SUPPORT / "logging_setups.py"), name]
    with ThreadPoolExecutor() as pool:
        writing, exporting = (pool.submit(run, command, variables(to)) for to in (None, receiver))
    for done in (writing.result(), exporting.result()):
        assert (done.returncode, done.stderr) == (0, "")
        assert_each_once(name, done.stdout.splitlines())
    assert "otlp" not in writing.result().stdout
    assert_each_exported_once(name, exporting.result().stdout.splitlines(), receiver.logs())


class Served(NamedTuple):
    """A server of the setups, and what it exports to."""

    service: Service
    receiver: OtlpReceiver
    otlp: bool


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn", "uvicorn, OTLP", "gunicorn, OTLP"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    server, _, exporter = request.param.partition(", ")
    with OtlpReceiver() as receiver:
        environment = variables(receiver if exporter else None)
        with Service("logging_server:app", SUPPORT, environment, server=server) as service:
            yield Served(service, receiver, bool(exporter))


@pytest.mark.parametrize("name", SERVED)
def test_a_server_writes_each_event_once(name: str, served: Served) -> None:
    before = len(served.service.stdout)
    response = httpx.post(f"{served.service.url}/emit/{name}")
    assert response.status_code == 200
    trace_id = response.headers["x-trace-id"]

    served.service.wait_for(lambda process: any(f"/emit/{name}" in line for line in process.stdout[before:]))
    lines = served.service.stdout[before:]
    access = [json.loads(line) for line in lines if "otel_distro.access" in line]
    assert [(event["path"], event["status_code"], event["trace_id"]) for event in access] == [
        (f"/emit/{name}", 200, trace_id)
    ]
    assert list(check_event(access[0])) == []
    assert_each_once(name, lines, trace_id)
    if served.otlp:
        records = served.receiver.wait_for(lambda receiver: _of_request(receiver, name, trace_id))
        assert_each_exported_once(name, lines, records)
        assert [record.body for record in records].count("POST /emit/{name} 200") == 1


def _of_request(receiver: OtlpReceiver, name: str, trace_id: str) -> list[LogRecord]:
    """Return the records of a request, of its threads too, once its access event is there."""
    outside = [message for message in logging_setups.EXPECTED[name] if "thread" in message]
    records = [record for record in receiver.logs() if record.trace_id == trace_id or record.body in outside]
    complete = len(records) >= len(logging_setups.EXPECTED[name]) + 1
    return records if complete else []


def test_servers_write_nothing_but_json(served: Served) -> None:
    own_shape = [line for line in served.service.stdout if '"logger":"uvicorn' in line or "gunicorn" in line]
    assert own_shape
    assert [problem for line in own_shape for problem in check_event(json.loads(line))] == []
    assert served.service.stderr == []
