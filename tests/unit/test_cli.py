# SPDX-License-Identifier: Apache-2.0
"""The command line, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from otel_distro.cli import main


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_PYTHON_DISTRO", "OTEL_PROPAGATORS", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)


def rows(output: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split() for line in output.splitlines()}


def test_env_shows_value_default_and_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=sesame")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ada:sesame@collector:4318")
    assert main(["env"]) == 0
    output = capsys.readouterr().out
    table = rows(output)
    assert len(table) > 90
    assert table["OTEL_SERVICE_NAME"] == ["OTEL_SERVICE_NAME", "shop", "unknown_service", "SERVICE_NAME"]
    assert table["OTEL_DISTRO_ACCESS_LOG"] == ["OTEL_DISTRO_ACCESS_LOG", "true", "true", "default"]
    assert table["OTEL_EXPORTER_OTLP_TRACES_HEADERS"][1] == "***"
    assert table["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"][1] == "http://***@collector:4318/v1/traces"
    assert "sesame" not in output


def test_check_passes_a_good_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "otel-distro check: no problems\n"


def test_check_lists_all_problems_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "abc")
    monkeypatch.setenv("OTEL_PROPAGATORS", "tracecontext,b4")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaegr")
    assert main(["check"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith("OTEL_BSP_MAX_QUEUE_SIZE='abc': expected a whole number")
    assert errors[1].startswith("OTEL_TRACES_EXPORTER='jaegr': expected one of console, otlp")
    assert errors[2].startswith("OTEL_PROPAGATORS='b4': expected one of baggage")
    assert errors[3] == "otel-distro check: 3 problems"


def test_logs_check_reports_each_deviation_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"timestamp": "2026-11-21T10:00:00.000000Z", "level": "info", "service": "s", "logger": "l", "message": "m"}
    file = tmp_path / "lines.log"
    file.write_text(f"{json.dumps(good)}\nno json\n{json.dumps({**good, 'level': 'loud'})}\n")
    assert main(["logs", "check", str(file)]) == 1
    captured = capsys.readouterr()
    assert [line.split(":")[0] for line in captured.out.splitlines()] == ["line 2", "line 3"]
    assert captured.err == "otel-distro logs check: 2 deviations\n"
    file.write_text(json.dumps(good) + "\n")
    assert main(["logs", "check", str(file)]) == 0


def test_logs_check_says_what_it_cannot_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="no-such-file: No such file or directory"):
        main(["logs", "check", "no-such-file"])
