# SPDX-License-Identifier: Apache-2.0
"""The gateway asks for its token, redacts what others log, and keeps the traces that matter."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from testbed.collector import Collector
from testbed.loki import Loki, await_rows
from testbed.otlp_receiver import OtlpReceiver

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
SECOND = 10**9


@pytest.fixture(scope="module")
def traces() -> Iterator[OtlpReceiver]:
    """What stands for the trace store."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(loki: Loki, traces: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A gateway that samples by the whole trace and keeps none by chance."""
    directory = tmp_path_factory.mktemp("gateway")
    (directory / "token").write_text("let-me-in")
    variables = {
        "COLLECTOR_TOKEN_FILE": str(directory / "token"),
        **loki.variables,
        "COLLECTOR_TRACES_PROCESSORS": "[memory_limiter, tail_sampling, redaction]",
        "COLLECTOR_TRACES_EXPORTERS": "[otlp_http/traces]",
        "TRACES_OTLP_ENDPOINT": traces.endpoint,
        "SAMPLING_DECISION_WAIT": "500ms",
        "SAMPLING_PERCENT": "0",
    }
    with Collector(directory / "collector", variables, "gateway") as running:
        yield running


def post(gateway: Collector, signal: str, body: dict[str, Any], token: str = "let-me-in") -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{gateway.otlp_http}/v1/{signal}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def record(message: str, **fields: str) -> dict[str, Any]:
    logs = [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": message}, "attributes": attributes(**fields)}]
    resource = {"attributes": attributes(**{"service.name": "foreign"})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": logs}]}]}


def span(trace: int, name: str, seconds: float, status: int = 0) -> dict[str, Any]:
    start = time.time_ns() - 10 * SECOND
    fields = {
        "traceId": f"{trace:032x}",
        "spanId": f"{trace:016x}",
        "name": name,
        "kind": 2,
        "status": {"code": status},
    }
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + int(seconds * SECOND))}
    resource = {"attributes": attributes(**{"service.name": "foreign"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [fields | times]}]}]}


def test_who_does_not_know_the_token_is_refused(gateway: Collector) -> None:
    """401 without it, 200 with it."""
    assert post(gateway, "logs", record("x"), token="wrong") == 401
    assert post(gateway, "logs", record("x")) == 200


def test_secrets_of_foreign_programs_do_not_reach_loki(gateway: Collector, loki: Loki) -> None:
    """By key and by shape, in fields and in the message."""
    secrets = {
        "password": "hunter2",
        "header": f"Bearer {JWT}",
        "url": "postgres://user:pw123@db/x",
        "note": "harmless",
    }
    assert post(gateway, "logs", record(f"login with {JWT}", marker="redaction", **secrets)) == 200
    (row,) = await_rows(loki, '{service_name="foreign"} | marker="redaction"', 1)
    everything = json.dumps([row.line, row.metadata])
    assert [secret for secret in ("hunter2", JWT, "pw123") if secret in everything] == []
    assert row.metadata["note"] == "harmless"


def test_tail_sampling_keeps_errors_and_slow_traces(gateway: Collector, traces: OtlpReceiver) -> None:
    """With a share of 0 % for the rest, exactly these two of three traces arrive."""
    for body in (span(1, "fast", 0.01), span(2, "failed", 0.01, status=2), span(3, "slow", 2.0)):
        assert post(gateway, "traces", body) == 200
    traces.wait_for(lambda seen: len(seen.spans()) >= 2, timeout=15)
    assert sorted(kept.name for kept in traces.spans()) == ["failed", "slow"]
