# SPDX-License-Identifier: Apache-2.0
"""Log queries of four systems: with their Promtail kept, with the Collector's classic labels, and of today's labels.

The lines are those that the systems write with their own code left in (tests/adoption/apps), and ours where it is taken out.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest
from testbed.collector import Collector, reading
from testbed.lines import append, contract_line, cri, pod_log, timestamp
from testbed.loki import Loki, await_rows
from testbed.server import REPOSITORY

PAGE = REPOSITORY / "docs" / "adopt.md"
TRACE, OTHER = "5e" * 16, "6f" * 16
IDS = {"trace_id": TRACE, "span_id": "b7" * 8}
UID = "0f1e2d3c-1111-2222-3333-444455556666"


def _theirs(level: str, **fields: object) -> str:
    """Return a line of python-json-logger."""
    return json.dumps({"timestamp": "2026-12-01 00:47:09,604", "level": level, "name": "api", **fields})


# Namespace and container -> lines.
LINES: dict[tuple[str, str], list[str]] = {
    ("samosa", "chat-api"): [
        json.dumps(
            {"event": "message received", "level": "info", "timestamp": timestamp(), "service": "chat-api", **IDS}
        )[:-1]
        + ', "user_id": "ada"}',
        contract_line("answer streamed", service="chat-api", user_id="ada", **IDS),
        contract_line("another", service="chat-api", user_id="bob", trace_id=OTHER, span_id="b7" * 8),
    ],
    ("octollm-dev", "orchestrator"): [
        contract_line("task.submitted", service="orchestrator", request_id="req_abc123", **IDS),
        contract_line("task.failed", service="orchestrator", level="error", request_id="req_abc123", **IDS),
        contract_line("task.submitted", service="orchestrator", request_id="req_other", **IDS),
    ],
    ("devops-demo", "api"): [
        _theirs("INFO", message="item created", request_id="rid-7", service="api", **IDS),
        _theirs("ERROR", message="failed", request_id="rid-8", service="api", **IDS),
    ],
    ("fluent", "pipeline"): [
        contract_line("user signed up", service="pipeline", correlation_id="corr-signup-1"),
        contract_line("user signed up", service="pipeline", correlation_id="corr-signup-2"),
    ],
}
ROWS = [
    [cell.strip("` ").replace("\\|", "|") for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text().partition("## Their log queries")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and "`{" in line
]


@pytest.fixture(scope="module")
def classic(loki: Loki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    """The lines behind a Collector with the switch."""
    root = tmp_path_factory.mktemp("classic")
    for (namespace, container), lines in LINES.items():
        append(pod_log(root, container, f"{namespace}_{container}-7d9f_{UID}"), *map(cri, lines))
    with Collector(root / "collector", {**reading(root, loki), "COLLECTOR_CLASSIC_LABELS": "true"}):
        for (namespace, _), lines in LINES.items():
            await_rows(loki, f'{{k8s_namespace_name="{namespace}"}}', len(lines))
        yield loki


@pytest.fixture(scope="module")
def promtail(classic: Loki) -> Loki:
    """The same lines as Promtail pushes them: whole, under labels of its own, in a tenant of their own name."""
    streams = []
    for (namespace, container), lines in LINES.items():
        for line in lines:
            labels = {"kept": "promtail", "namespace": namespace, "app": container, "service": container}
            labels |= {"container": container}
            if namespace.startswith("octollm"):  # whose pipeline makes a label of it
                labels["level"] = json.loads(line)["level"]
            streams.append({"stream": labels, "values": [[str(time.time_ns()), line]]})
    request = urllib.request.Request(
        f"{classic.url}/loki/api/v1/push",
        json.dumps({"streams": streams}).encode(),
        {"Content-Type": "application/json", "X-Scope-OrgID": classic.tenant},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204
    await_rows(classic, '{kept="promtail"}', len(streams))
    return classic


def texts(loki: Loki, query: str, *, kept: bool) -> list[str]:
    """Return what the lines say that a query finds: those that Promtail has sent, or the Collector."""
    rows = [row for row in loki.rows(query) if (row.labels.get("kept") == "promtail") == kept]
    lines = [json.loads(row.line) if row.line.startswith("{") else {"message": row.line} for row in rows]
    return sorted(str(line.get("message") or line.get("event")) for line in lines)


@pytest.mark.parametrize(("system", "theirs", "same", "today"), ROWS, ids=lambda cell: cell[:30])
def test_a_query_finds_the_same_lines_by_promtail_by_the_switch_and_today(promtail: Loki, system, theirs, same, today):
    expected = texts(promtail, theirs, kept=True)
    assert expected, system
    assert texts(promtail, today, kept=False) == expected
    if same == "yes":
        assert texts(promtail, theirs, kept=False) == expected


def test_the_switch_adds_five_labels_and_no_more(classic: Loki):
    found = [row for row in classic.rows('{k8s_namespace_name="octollm-dev"}') if "kept" not in row.labels]
    assert len(found) == 3
    added = {
        name: {row.labels.get(name) for row in found} for name in ("namespace", "app", "container", "service", "level")
    }
    assert added == {
        "namespace": {"octollm-dev"},
        "app": {"orchestrator"},
        "container": {"orchestrator"},
        "service": {"orchestrator"},
        "level": {"info", "error"},
    }


def test_every_system_of_the_page_is_asked():
    assert len(ROWS) == 12
    assert {row[0] for row in ROWS} == {"chat", "orchestrator", "devops", "pipeline"}
