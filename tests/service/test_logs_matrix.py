# SPDX-License-Identifier: Apache-2.0
"""However logging is set up: each event is one line with its ids, and one OTLP record if asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import jsonschema
import pytest
from support import logging_setups
from testbed.otlp_receiver import LogRecord, OtlpReceiver
from testbed.processes import run
from testbed.services import LAUNCHER, Service

from otel_distro.logs.contract import check_event, schema

SUPPORT = Path(logging_setups.__file__).parent
ALL = sorted(logging_setups.SETUPS)
# It starts the distribution by itself, which in a server is the launcher's part.
SERVED = [name for name in ALL if name != "configured_before_the_distribution"]
# A script's own way out is a file; what Python prints by itself it goes on printing.
SCRIPTS = [name for name in ALL if name not in {"file_handler_beside_ours", "warnings_and_threads"}]
# Standard output is a script's data: these setups write to standard error without us, so their lines go there.
TO_STANDARD_ERROR = {
    "basic_config_forced",
    "basic_config_with_a_level",
    "dict_config_without_handlers",
    "exceptions_and_stacks",
    "rendered_to_log_kwargs",
    "standard_library_alone",
    "standard_library_factory_without_a_renderer",
    "standard_library_factory_without_handlers",
    "wrapped_for_a_formatter_that_is_missing",
}
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


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_writes_each_event_once(name: str, receiver: OtlpReceiver) -> None:
    """Two scripts at the same time: one writes only, the other exports too."""
    launcher = [] if name == "configured_before_the_distribution" else [LAUNCHER]
    command = [*launcher, sys.executable, str(SUPPORT / "logging_setups.py"), name]
    with ThreadPoolExecutor() as pool:
        writing, exporting = (pool.submit(run, command, variables(to)) for to in (None, receiver))
    written, exported = (
        _lines(done, to_error=name in TO_STANDARD_ERROR) for done in (writing.result(), exporting.result())
    )
    for lines in (written, exported):
        assert_each_once(name, lines)
    assert [line for line in written if "otlp" in line] == []
    assert_each_exported_once(name, exported, receiver.logs())


def _lines(done: subprocess.CompletedProcess[str], *, to_error: bool) -> list[str]:
    """Return the lines of a script that ended well and wrote to one of its streams only."""
    lines, other = (done.stderr, done.stdout) if to_error else (done.stdout, done.stderr)
    assert (done.returncode, other) == (0, "")
    return lines.splitlines()


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
    response = httpx.post(f"{served.service.url}/emit/{name}", timeout=60)
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
