# SPDX-License-Identifier: Apache-2.0
"""What is replaced in other people's modules is put back by `close()`, and `docs/patches.md` names all of it.

A process that has everything imported is compared with itself: every attribute of every module and class of some thirty
packages, loggers, handlers, filters, signal handlers and variables, before `start()`, while it stands and after `close()`;
twice, with a request served and asked for each time.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import json_objects, run

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "patches.md"


@pytest.fixture(scope="module")
def twice() -> dict[str, Any]:
    with OtlpReceiver() as receiver:
        environment = {
            "OTEL_SERVICE_NAME": "undone",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
            "PYTHONPATH": str(TESTS),
        }
        ended = run([sys.executable, "-m", "support.undone"], environment, timeout=90)
        assert ended.returncode == 0, ended.stderr
        *lines, found = json_objects(ended.stdout.splitlines())
        return {**found, "lines": lines, "spans": receiver.spans()}


def documented(heading: str) -> set[str]:
    """Return the attributes in the first column of the table under a heading."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    rows = re.findall(r"^\| (`[^|]+`) \|", section.partition("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_all_that_is_replaced_is_named(twice: dict[str, Any]) -> None:
    assert len(twice["replaced"]) > 40
    patterns = documented("What is replaced")
    unnamed = [name for name in twice["replaced"] if not any(matches(name, pattern) for pattern in patterns)]
    gone = {name for name in patterns if "*" not in name} - set(twice["replaced"])
    assert (unnamed, gone) == ([], set())


def matches(name: str, pattern: str) -> bool:
    """Whether a name is the one of the table, or begins like it."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def test_all_that_is_replaced_is_put_back(twice: dict[str, Any]) -> None:
    stays = documented("What stays")
    first, second = map(set, twice["left"])
    assert first == stays
    assert second < stays


def test_a_second_start_works(twice: dict[str, Any]) -> None:
    names = [span.name for span in twice["spans"]]
    assert [names.count(f"GET /{path}") for path in ("bare", "first", "second")] == [0, 1, 1]
    assert 'http_server_request_duration_seconds_count{http_request_method="GET",' in twice["page"]
    assert 'http_route="/second"' in twice["page"]
    said = [line["message"] for line in twice["lines"] if line["message"].endswith(" second")]
    assert sorted(said) == ["logging second", "loguru second", "structlog second"]
