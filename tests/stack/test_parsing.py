# SPDX-License-Identifier: Apache-2.0
"""Every form of line that containers and files hold becomes the right record in Loki."""

import json
import time
from pathlib import Path
from uuid import uuid4

import pytest
from testbed.collector import Collector
from testbed.lines import append, contract_line, cri, pod_log, timestamp
from testbed.loki import Loki, Row, await_rows

pytestmark = pytest.mark.usefixtures("collector")

TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in <module>',
    "    main()",
    "ValueError: bad",
)


@pytest.fixture
def pod(logs: Path) -> Path:
    """The log file of a pod of its own, so that each test sees its own lines only."""
    return pod_log(logs, pod=f"chat_chat-api-{uuid4().hex[:8]}_0f1e2d3c-1111-2222-3333-444455556666")


def rows_of(loki: Loki, path: Path, count: int) -> list[Row]:
    """Wait for so many records of the pod, or of the application's folder, that the file belongs to."""
    folder = f'{{service_name="{path.parent.name}"}}'
    query = f'{{k8s_container_name="chat-api"}} | k8s_pod_name="{pod_name(path)}"' if "pods" in path.parts else folder
    return await_rows(loki, query, count)


def pod_name(path: Path) -> str:
    return path.parent.parent.name.split("_")[1]


def test_a_contract_line_becomes_labels_metadata_and_a_line(loki: Loki, pod: Path) -> None:
    """Service and environment are labels; level, ids and user are metadata, once each; the body is the message."""
    at = time.time_ns()
    ids = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "b7ad6b7169203331"}
    line = contract_line("read", timestamp=timestamp(at), environment="test", user_id=42, status_code=200, **ids)
    append(pod, cri(line))
    (row,) = rows_of(loki, pod, 1)
    assert row.line == "read"
    assert row.time // 1000 == at // 1000
    assert row.labels == {
        "service_name": "chat-api",
        "deployment_environment_name": "test",
        "k8s_namespace_name": "chat",
        "k8s_container_name": "chat-api",
    }
    assert row.metadata == {
        **ids,
        "level": "info",
        "detected_level": "info",
        "logger": "chat",
        "user_id": "42",
        "status_code": "200",
        "host_name": "test-host",
        "k8s_pod_name": pod_name(pod),
    }


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
def test_every_level_keeps_its_name(loki: Loki, pod: Path, level: str) -> None:
    """The level in Loki is the level of the line."""
    append(pod, cri(contract_line(level=level)))
    (row,) = rows_of(loki, pod, 1)
    assert row.metadata["level"] == level


def test_dialects_of_others_arrive_in_the_contracts_names(loki: Loki, pod: Path) -> None:
    """structlog's `event`, pino's epoch and numbers, and tracing's nested fields need no configuration."""
    now = time.time_ns() // 10**6
    pino = {"level": 50, "time": now, "name": "web", "msg": "pino", "err": {"message": "boom", "stack": "at x"}}
    tracing = {"timestamp": timestamp(), "level": "WARN", "fields": {"message": "tracing", "k": 1}, "target": "a::b"}
    structlog = {"timestamp": timestamp(), "level": "info", "event": "structlog", "user": "u"}
    append(pod, *(cri(json.dumps(line)) for line in (pino, tracing, structlog)))
    found = {row.line: row for row in rows_of(loki, pod, 3)}
    assert {name: row.metadata["level"] for name, row in found.items()} == {
        "pino": "error",
        "tracing": "warning",
        "structlog": "info",
    }
    assert found["pino"].time // 1000 == now * 1000
    assert found["pino"].metadata["exception"] == "at x"
    assert found["pino"].metadata["error"] == "boom"
    assert found["tracing"].metadata["logger"] == "a::b"
    assert found["tracing"].metadata["k"] == "1"


def test_text_that_is_not_json_passes_through(loki: Loki, pod: Path) -> None:
    """Plain text, broken JSON and pieces of a long line arrive as they are; empty lines do not; bad bytes are replaced."""
    append(pod, cri("plain"), cri(""), cri('{"broken'), cri("first piece ", "P"), cri("second"), cri("bad \udcff byte"))
    append(pod, "no envelope at all")
    lines = {row.line for row in rows_of(loki, pod, 4)}
    assert {"plain", '{"broken', "first piece second", "bad \ufffd byte"} <= lines


def test_a_foreign_traceback_is_one_record(loki: Loki, pod: Path, logs: Path) -> None:
    """Over many lines in a container or a file it is joined; the text around it is not."""
    file = logs / "log" / f"billing-{uuid4().hex[:8]}" / "app.log"
    append(pod, cri("before"), *map(cri, TRACEBACK), cri("after"))
    append(file, "before", *TRACEBACK, "after")
    for path in (pod, file):
        assert sorted(row.line for row in rows_of(loki, path, 3)) == sorted(["before", "\n".join(TRACEBACK), "after"])


def test_the_folder_names_the_service_of_a_file(loki: Loki, logs: Path) -> None:
    """/var/log/<app>/x.log: its plain lines belong to <app>; a line that names its service keeps that."""
    app = f"app-{uuid4().hex[:8]}"
    append(logs / "log" / app / "x.log", "plain", contract_line("own", service=f"own-{app}"))
    rows = await_rows(loki, f'{{service_name=~".*{app}"}}', 2)
    assert {row.line: row.labels["service_name"] for row in rows} == {"plain": app, "own": f"own-{app}"}


def test_a_line_that_otlp_carried_is_dropped(loki: Loki, pod: Path) -> None:
    """`"otlp": true` says that the record is on its way already."""
    append(
        pod, cri(contract_line("twice", otlp=True)), cri(contract_line("once")), cri(contract_line("no", otlp=False))
    )
    rows = rows_of(loki, pod, 2)
    assert sorted(row.line for row in rows) == ["no", "once"]


def test_equal_lines_of_one_moment_stay_apart(loki: Loki, logs: Path) -> None:
    """Loki drops a line whose time and text it has, whatever the metadata: the digits below the microsecond differ."""
    moment, file = timestamp(), logs / "log" / "moment" / "app.log"
    lines = [contract_line("request", service="moment", timestamp=moment, user_id=f"user-{i}") for i in range(10)]
    append(file, *lines)
    rows = rows_of(loki, file, len(lines))
    assert {row.metadata["user_id"] for row in rows} == {f"user-{i}" for i in range(10)}
    assert {timestamp(row.time) for row in rows} == {moment}
    append(file, *lines)  # sent twice is taken once
    append(file, contract_line("end", service="moment"))
    assert len(rows_of(loki, file, len(lines) + 1)) == len(lines) + 1


def test_what_loki_would_refuse_is_repaired(loki: Loki, pod: Path, collector: Collector) -> None:
    """Too long, too many, too old, too new: every one arrives, cut or restamped, and nothing is refused."""
    before = collector.metrics().value("otelcol_exporter_send_failed_log_records_total")
    week = 7 * 86_400 * 10**9
    hostile = [
        contract_line("a" * 200_000),
        contract_line("traceback", exception="line\n" * 20_000),
        contract_line("many", **{f"key_{i}": "v" * 500 for i in range(500)}),
        contract_line("nested", tree={f"k{i}": {"x": list(range(50))} for i in range(50)}),
        contract_line("large", **{f"k{i}": "é" * 10_000 for i in range(9)}),
        contract_line("old", timestamp=timestamp(time.time_ns() - 8 * week // 7)),
        contract_line("future", timestamp=timestamp(time.time_ns() + week)),
    ]
    append(pod, *map(cri, hostile))
    rows = {row.line[:9]: row for row in rows_of(loki, pod, len(hostile))}
    assert set(rows) == {"aaaaaaaaa", "traceback", "many", "nested", "large", "old", "future"}
    assert len(rows["aaaaaaaaa"].line) < 140_000
    assert len(rows["traceback"].metadata["exception"]) < 17_000
    assert {"original_timestamp"} <= rows["old"].metadata.keys() & rows["future"].metadata.keys()
    assert collector.metrics().value("otelcol_exporter_send_failed_log_records_total") == before


def test_secrets_of_foreign_programs_do_not_reach_loki(loki: Loki, pod: Path) -> None:
    """One machine's Collector redacts as the gateway does: by key and by shape."""
    secrets = {"password": "hunter2", "url": "postgres://user:pw123@db/x", "header": "Bearer abcdefgh12345678"}
    append(pod, cri(contract_line("login", note="harmless", **secrets)))
    (row,) = rows_of(loki, pod, 1)
    assert [secret for secret in ("hunter2", "pw123", "abcdefgh12345678") if secret in str(row)] == []
    assert row.metadata["note"] == "harmless"
