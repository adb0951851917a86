# SPDX-License-Identifier: Apache-2.0
"""Rule by rule, what Loki's documentation says of its endpoints: run against the door, or against a real Loki that was given.

Each test names its source, a page below https://grafana.com/docs/loki/latest/, or `observed` (on Loki 3.5.7, November 2026).
"""

import gzip
import json
import time
import urllib.error
import urllib.request
from typing import Any
from uuid import uuid4

import pytest
from testbed.loki import Loki, LokiDoor, Row, await_rows

SECOND = 10**9
HOUR = 3600 * SECOND
LABELS = {"service_name"}


def value(given: Any) -> dict[str, Any]:
    """Return a value as OTLP's JSON writes it."""
    if isinstance(given, dict):
        return {"kvlistValue": {"values": pairs(given)}}
    if isinstance(given, list):
        return {"arrayValue": {"values": [value(item) for item in given]}}
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return {kinds[type(given)]: str(given) if type(given) is int else given}


def pairs(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(content)} for key, content in given.items()]


def record(body: Any = "line", attributes: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(time.time_ns()), "body": value(body), "attributes": pairs(attributes or {}), **fields}


class Sender:
    """One service, and the answers to what it sends."""

    def __init__(self, loki: Loki) -> None:
        self.loki, self.service = loki, f"rule-{uuid4().hex[:8]}"

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str]:
        given = {"X-Scope-OrgID": self.loki.tenant} | {
            key.replace("_", "-"): content for key, content in headers.items()
        }
        request = urllib.request.Request(self.loki.url + path, body, {"Content-Type": "application/json"} | given)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def send(self, *records: dict[str, Any], scope: dict[str, Any] | None = None, **resource: Any) -> int:
        """Send records of a service, whose further attributes have `__` for a dot, and return the status."""
        attributes = {"service.name": self.service} | {
            key.replace("__", "."): content for key, content in resource.items()
        }
        scopes = [{"scope": scope or {}, "logRecords": list(records)}]
        body = {"resourceLogs": [{"resource": {"attributes": pairs(attributes)}, "scopeLogs": scopes}]}
        return self.post("/otlp/v1/logs", json.dumps(body).encode())[0]

    def rows(self, count: int = 1) -> list[Row]:
        return await_rows(self.loki, f'{{service_name="{self.service}"}}', count)


@pytest.fixture
def sender(loki: Loki) -> Sender:
    """A service of its own."""
    return Sender(loki)


# --- send-data/otel: what becomes of the parts of a record


def test_only_the_listed_resource_attributes_are_labels_and_the_others_are_metadata(sender: Sender) -> None:
    """send-data/otel; with `ignore_defaults` the list is ours (observed)."""
    assert sender.send(record(), k8s__namespace__name="shop", k8s__pod__name="x-1", host__name="h") == 204
    (row,) = sender.rows()
    assert row.labels == {"service_name": sender.service, "k8s_namespace_name": "shop"}
    assert {name: row.metadata[name] for name in ("k8s_pod_name", "host_name")} == {
        "k8s_pod_name": "x-1",
        "host_name": "h",
    }


def test_a_map_under_a_labels_name_becomes_a_label_for_each_leaf(sender: Sender) -> None:
    """Observed: this is how a line's own object made labels of everything in it."""
    assert sender.send(record(), deployment__environment__name={"PATH": "/bin", "a.b": 1}) == 204
    (row,) = sender.rows()
    assert row.labels.keys() == {"service_name", "deployment_environment_name_PATH", "deployment_environment_name_a_b"}


def test_attributes_are_flattened_and_their_names_made_plain(sender: Sender) -> None:
    """send-data/otel: nested attributes are flattened by `_`, special characters become `_`; lists are JSON (observed)."""
    assert sender.send(record("x", {"a.b": {"c-d": 1}, "list": [1, "two"], "yes": True, "n": 0.25, "9x": "y"})) == 204
    (row,) = sender.rows()
    wanted = {"a_b_c_d": "1", "list": '[1,"two"]', "yes": "true", "n": "0.25", "key_9x": "y"}
    assert {name: row.metadata.get(name) for name in wanted} == wanted


def test_ids_severity_and_scope_are_metadata(sender: Sender) -> None:
    """send-data/otel: trace_id, span_id, severity_text, severity_number, scope_name, flags, observed_timestamp."""
    ids = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "b7ad6b7169203331"}
    given = record("x", severityNumber=17, severityText="ERROR", flags=1, observedTimeUnixNano="5", **ids)
    assert sender.send(given, scope={"name": "lib", "version": "1"}) == 204
    (row,) = sender.rows()
    wanted = {
        "trace_id": ids["traceId"],
        "span_id": ids["spanId"],
        "severity_text": "ERROR",
        "severity_number": "17",
        "scope_name": "lib",
        "scope_version": "1",
        "flags": "1",
        "observed_timestamp": "5",
        "detected_level": "error",
    }
    assert row.metadata == wanted


def test_a_body_that_is_no_string_is_written_as_json(sender: Sender) -> None:
    """send-data/otel: the LogLine is the body, as a string."""
    assert sender.send(record({"a": [1, True]})) == 204
    assert json.loads(sender.rows()[0].line) == {"a": [1, True]}


def test_without_a_time_the_observed_one_counts(sender: Sender) -> None:
    """send-data/otel: TimeUnixNano, else ObservedTimeUnixNano, else the time of ingestion."""
    observed = time.time_ns() - 60 * SECOND
    assert sender.send(record("observed", timeUnixNano="0", observedTimeUnixNano=str(observed))) == 204
    assert sender.send(record("ingested", timeUnixNano="0")) == 204
    times = {row.line: row.time for row in sender.rows(2)}
    assert times["observed"] == observed
    assert abs(times["ingested"] - time.time_ns()) < 60 * SECOND


def test_a_record_without_a_service_gets_one(loki: Loki, sender: Sender) -> None:
    """get-started/labels: service_name is looked for, and else unknown_service."""
    mark = uuid4().hex
    scopes = [{"logRecords": [record(mark)]}]
    assert sender.post("/otlp/v1/logs", json.dumps({"resourceLogs": [{"scopeLogs": scopes}]}).encode())[0] == 204
    (row,) = await_rows(loki, f'{{service_name="unknown_service"}} |= "{mark}"', 1)
    assert row.labels == {"service_name": "unknown_service"}


@pytest.mark.parametrize(
    ("attributes", "line", "level"),
    [
        ({"level": "warning"}, "x", "warn"),
        ({"level": "critical"}, "x", "critical"),
        ({}, 'level=error msg="x"', "error"),
        ({}, "an ERROR happened", "error"),
        ({}, "nothing to see", "unknown"),
    ],
)
def test_a_level_is_detected(sender: Sender, attributes: dict[str, Any], line: str, level: str) -> None:
    """get-started/labels: from metadata, then from a field of the line, then from a word in it."""
    assert sender.send(record(line, attributes)) == 204
    assert sender.rows()[0].metadata["detected_level"] == level


# --- operations/request-validation-rate-limits: what is refused, and how; the neighbours are stored all the same

REFUSED: dict[str, dict[str, Any]] = {
    "greater_than_max_sample_age": record("refused", timeUnixNano=str(time.time_ns() - 169 * HOUR)),
    "too_far_in_future": record("refused", timeUnixNano=str(time.time_ns() + HOUR)),
    "structured_metadata_too_large": record("refused", {f"k{i}": "v" * 10_000 for i in range(7)}),
    "structured_metadata_too_many": record("refused", {f"k{i}": "v" for i in range(130)}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_record_that_is_refused_is_400_and_its_neighbours_are_stored(sender: Sender, reason: str) -> None:
    """operations/request-validation-rate-limits, under this heading; that the rest is stored was observed."""
    assert sender.send(record("before"), REFUSED[reason], record("after")) == 400
    assert sorted(row.line for row in sender.rows(2)) == ["after", "before"]


def test_more_than_fifteen_labels_are_refused(sender: Sender) -> None:
    """max_label_names_per_series; and label_value_too_long."""
    assert sender.send(record(), deployment__environment__name={f"k{i}": "v" for i in range(15)}) == 400
    assert sender.send(record(), deployment__environment__name="v" * 2049) == 400
    assert sender.send(record(), deployment__environment__name={f"k{i}": "v" for i in range(14)}) == 204


def test_a_record_far_behind_its_stream_is_refused(sender: Sender) -> None:
    """configure/#accept-out-of-order-writes: up to half of max_chunk_age behind the newest, here 24 h."""
    assert sender.send(record("new")) == 204
    assert sender.send(record("23 h", timeUnixNano=str(time.time_ns() - 23 * HOUR))) == 204
    assert sender.send(record("25 h", timeUnixNano=str(time.time_ns() - 25 * HOUR))) == 400


def test_a_long_line_is_cut_where_the_configuration_says_so(sender: Sender) -> None:
    """configure/#limits_config: max_line_size_truncate."""
    assert sender.send(record("a" * 300_000)) == 204
    assert 200_000 < len(sender.rows()[0].line) <= 256 << 10


def test_equal_time_and_line_in_one_stream_are_one_entry_whatever_the_metadata(sender: Sender) -> None:
    """Observed; send-data/otel does not say it."""
    now = str(time.time_ns())
    for user in ("a", "b"):
        assert sender.send(record("same", {"user": user}, timeUnixNano=now)) == 204
    assert sender.send(record("end")) == 204
    assert sorted(row.line for row in sender.rows(2)) == ["end", "same"]


def test_bodies_that_cannot_be_read_are_400(sender: Sender) -> None:
    """reference/loki-http-api: 400 for what cannot be parsed."""
    assert sender.post("/otlp/v1/logs", b"{")[0] == 400
    assert sender.post("/otlp/v1/logs", b"\xff\xff", Content_Type="application/x-protobuf")[0] == 400
    assert sender.post("/loki/api/v1/push", b'{"streams": 5}')[0] == 400


def test_push_takes_streams_with_metadata(sender: Sender) -> None:
    """reference/loki-http-api/#ingest-logs, gzip included."""
    values = [[str(time.time_ns()), "pushed", {"user": "a"}]]
    body = json.dumps({"streams": [{"stream": {"service_name": sender.service, "x": "y"}, "values": values}]}).encode()
    assert sender.post("/loki/api/v1/push", gzip.compress(body), Content_Encoding="gzip") == (204, "")
    (row,) = sender.rows()
    assert (row.line, row.labels) == ("pushed", {"service_name": sender.service, "x": "y"})
    assert row.metadata["user"] == "a"


# --- rules that need a configuration of their own, so they are the door's only


def test_too_many_bytes_a_second_are_429_and_nothing_is_stored(tmp_path: Any) -> None:
    """rate_limited and per_stream_rate_limit, with the documented defaults of 6 MB and 15 MB at once."""
    (configuration := tmp_path / "loki.yaml").write_text(
        "auth_enabled: false\nlimits_config: {ingestion_rate_mb: 0.1, ingestion_burst_size_mb: 1}"
    )
    with LokiDoor(tmp_path, configuration=configuration) as loki:
        sender = Sender(loki)
        assert [sender.send(record("a" * 200_000)) for _ in range(7)].count(429) >= 1
        assert 1 <= len(sender.rows()) <= 6


def test_with_authentication_a_tenant_must_be_named_and_sees_only_its_own(tmp_path: Any) -> None:
    """operations/multi-tenancy: 401 without X-Scope-OrgID when auth_enabled."""
    (configuration := tmp_path / "loki.yaml").write_text("auth_enabled: true")
    with LokiDoor(tmp_path, configuration=configuration) as loki:
        sender = Sender(loki)
        loki.tenant = ""
        assert sender.send(record()) == 401
        loki.tenant = "one"
        assert sender.send(record()) == 204
        assert len(sender.rows()) == 1
        loki.tenant = "two"
        assert loki.rows(f'{{service_name="{sender.service}"}}') == []


def test_a_long_line_is_refused_by_default(tmp_path: Any) -> None:
    """line_too_long: 256 KB, unless it is to be cut; the labels are the documented default list."""
    (configuration := tmp_path / "loki.yaml").write_text("auth_enabled: false")
    with LokiDoor(tmp_path, configuration=configuration) as loki:
        sender = Sender(loki)
        assert sender.send(record("a" * 300_000)) == 400
        assert sender.send(record(), k8s__pod__name="p", host__name="h") == 204
        assert sender.rows()[0].labels == {"service_name": sender.service, "k8s_pod_name": "p"}


def test_a_configuration_with_an_unknown_key_is_refused(tmp_path: Any) -> None:
    """As Loki does at its start: a misspelt limit is no limit."""
    (configuration := tmp_path / "loki.yaml").write_text("limits_config: {max_lines_size: 1KB}")
    with pytest.raises(RuntimeError, match=r"unknown keys limits_config\.max_lines_size"):
        LokiDoor(tmp_path, configuration=configuration).start()
