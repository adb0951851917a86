# SPDX-License-Identifier: Apache-2.0
"""The command line, as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from otel_distro.cli import main
from otel_distro.settings.model import SDK_VARIABLES, Settings, declared


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_PYTHON_DISTRO", "OTEL_PROPAGATORS", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)


def listed(output: str) -> dict[str, str]:
    """Return the values that `env` shows, by name."""
    return dict(re.findall(r"^  (\w+) =\s+(.*)$", output, re.MULTILINE))


def test_env_shows_what_is_set_with_its_source_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=sesame")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ada:sesame@collector:4318?key=sesame")
    monkeypatch.setenv("OTEL_DISTRO_OWNER", "sesame")
    monkeypatch.setenv("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", "sesame")
    assert main(["env"]) == 0
    output = capsys.readouterr().out
    assert listed(output) == {
        "OTEL_DISTRO_OWNER": "***",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://***@collector:4318?***",
        "OTEL_EXPORTER_OTLP_HEADERS": "***",
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_PYTHON_DJANGO_EXCLUDED_URLS": "(set)",
    }
    assert "From SERVICE_NAME. Default: unknown_service." in " ".join(output.split())
    assert re.search(r"\n1\d\d more variables have their defaults: otel-distro env --all\n", output)
    assert "sesame" not in output


def test_env_lists_every_variable_with_all_and_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ada:sesame@collector:4318?key=sesame")
    monkeypatch.setenv("OTEL_DISTRO_FOO", "1")
    assert main(["env", "--all"]) == 0
    table = listed(everything := capsys.readouterr().out)
    assert main(["env", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    values = {row["name"]: row["value"] for row in answer["variables"]}
    assert values.keys() == table.keys() >= {one.name for one in (*declared(Settings), *SDK_VARIABLES)}
    assert len(table) > 140
    assert table["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "http://***@collector:4318/v1/traces?***"
    assert table["OTEL_DISTRO_ACCESS_LOG"] == "true"
    assert [problem.split(":")[0] for problem in answer["problems"]] == ["OTEL_DISTRO_FOO"]
    assert "sesame" not in everything + json.dumps(answer)


@pytest.mark.parametrize("arguments", [["env"], ["env", "--all"]])
def test_env_fits_a_hundred_columns(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", ",".join(f"attribute{i}=value" for i in range(99)))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{'a' * 300}:4318")
    monkeypatch.setenv("OTEL_SERVICE_NAME", ",," + "b" * 500 + ",")
    assert main(arguments) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 100
    joined = re.sub(r"\n +", "", output)
    assert "attribute0=value,attribute1=value" in joined
    assert "attribute98=value" in joined
    assert ",," + "b" * 500 + "," in joined


def test_env_survives_a_reader_that_has_seen_enough() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; from otel_distro.cli import main; sys.exit(main(['env', '--all']))"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as program:
        assert program.stdout
        assert program.stderr
        assert program.stdout.readline() == b"The distribution\n"
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(60) in {0, 141}


@pytest.mark.parametrize("arguments", [[], ["help"], ["logs"]])
def test_alone_it_says_what_it_can_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: otel-distro ")
    assert ("otel-distro run uvicorn app:app" in output) is (arguments != ["logs"])


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
    assert errors[1].startswith("OTEL_PROPAGATORS='tracecontext,b4': expected one of baggage")
    assert errors[1].endswith("; using tracecontext")
    assert errors[2].startswith("OTEL_TRACES_EXPORTER='jaegr': expected one of console, otlp")
    assert errors[-1] == "otel-distro check: 3 problems"


def test_logs_check_reports_each_deviation_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"timestamp": "2026-11-21T10:00:00.000000Z", "level": "info", "service": "s", "logger": "l", "message": "m"}
    file = tmp_path / "lines.log"
    file.write_text(f"{json.dumps(good)}\nno json\n{json.dumps({**good, 'level': 'loud'})}\n")
    assert main(["logs", "check", str(file)]) == 1
    captured = capsys.readouterr()
    assert [line.split(":")[0] for line in captured.out.splitlines()] == ["line 2", "line 3"]
    assert captured.err == "otel-distro logs check: 2 deviations in 3 lines\n"
    file.write_text(json.dumps(good) + "\n")
    assert main(["logs", "check", str(file)]) == 0
    assert capsys.readouterr().err == "otel-distro logs check: 1 line: every line keeps the contract\n"


def test_logs_check_fails_where_there_is_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.log"
    file.touch()
    assert main(["logs", "check", str(file)]) == 1
    assert capsys.readouterr().err == "otel-distro logs check: 0 lines, so nothing was checked\n"


def test_logs_check_refuses_a_key_that_stands_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "twice.log"
    good = '"timestamp":"2026-11-21T10:00:00.000000Z","level":"info","service":"s","logger":"l","message":"m"'
    file.write_text(f'{{{good},"message":"n"}}\n{{{good},"inner":{{"a":1,"b":2,"a":3}}}}\n{{{good}}}\n')
    assert main(["logs", "check", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        'line 1: not JSON: "message" stands in it twice',
        'line 2: not JSON: "a" stands in it twice',
    ]


def test_check_notes_a_service_without_a_name_and_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("OTEL_SERVICE_NAME", "SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    assert main(["check"]) == 0
    assert "set OTEL_SERVICE_NAME" in capsys.readouterr().err


def test_logs_check_says_what_it_cannot_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="no-such-file: No such file or directory"):
        main(["logs", "check", "no-such-file"])
