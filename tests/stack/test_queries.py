# SPDX-License-Identifier: Apache-2.0
"""Every query of docs/loki-queries.md is run and gives the right rows; streams do not grow with users or restarts."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from testbed.lines import append, contract_line, cri, pod_log, timestamp
from testbed.loki import Loki, await_rows
from testbed.server import REPOSITORY

pytestmark = pytest.mark.usefixtures("collector")

GUIDE = REPOSITORY / "docs" / "loki-queries.md"
QUERIES = dict(re.findall(r"^## (.+?)\n+```logql\n(.+?)\n```", GUIDE.read_text(), re.MULTILINE | re.DOTALL))
GOOD, BAD = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"
ROUTE = "/rooms/{room}/messages"
TRACEBACK = 'Traceback (most recent call last):\n  File "m.py", line 1\nZeroDivisionError: division by zero'


def _access(service: str, trace: str, route: str, status: int, duration: float, **fields: Any) -> str:
    access = {"method": "POST", "path": route, "route": route, "status_code": status, "duration_ms": duration}
    return contract_line("request", service=service, logger="access", trace_id=trace, **access, **fields)


def _two_requests() -> list[str]:
    """One request that succeeds and one that fails, each through both services, and an old line."""
    good, bad = {"trace_id": GOOD, "request_id": "order-4711"}, {"trace_id": BAD, "request_id": "order-4712"}
    failure = {"level": "error", "error": "division by zero", "exception": TRACEBACK}
    return [
        contract_line("message received", service="chat_api", user_id="u-1", room="lobby", **good),
        contract_line("generated", service="inference", inference_time_ms=80.5, **good),
        _access("inference", GOOD, "/generate", 200, 90.0, request_id="order-4711"),
        _access("chat_api", GOOD, ROUTE, 200, 120.0, request_id="order-4711"),
        contract_line("message received", service="chat_api", user_id="u-2", room="lobby", **bad),
        contract_line("failed", service="inference", **failure, **bad),
        _access("inference", BAD, "/generate", 500, 15.0, request_id="order-4712"),
        contract_line("no answer", service="chat_api", level="error", user_id="u-2", **bad),
        _access("chat_api", BAD, ROUTE, 502, 6000.0, request_id="order-4712"),
        contract_line("clock is wrong", service="skewed", timestamp=timestamp(time.time_ns() - 9 * 86_400 * 10**9)),
    ]


@pytest.fixture(scope="module")
def requests(loki: Loki, logs: Path) -> None:
    """Both requests are in Loki."""
    append(pod_log(logs, "guide"), *map(cri, _two_requests()))
    await_rows(loki, '{k8s_container_name="guide"}', 10)


# A set of lines for a log query; label -> value for a metric query.
EXPECTED: dict[str, set[str] | dict[str, float]] = {
    "All lines of one request, in every service": {"message received", "generated", "request"},
    "The same, when the caller only knows his own request id": {"message received", "generated", "request"},
    "Which services took part in a request, with how many lines": {"chat_api": 2, "inference": 2},
    "Errors of one service": {"no answer"},
    "Errors of all services, with the traceback below the message": {
        "chat_api: no answer\n",
        f"inference: failed\n{TRACEBACK}",
    },
    "Where an exception was raised": {"failed"},
    "Requests that took longer than a second": {"request"},
    "Failed requests by route": {ROUTE: 1},
    "Share of lines that are errors, per service": {"chat_api": 1 / 5, "inference": 1 / 4},
    "Slowest five per cent of requests, from log lines": {ROUTE: 120 + 0.95 * (6000 - 120)},
    "What one user did": {"message received"},
    "How many users had an error": {"": 1},
    "Text in the line": {"generated"},
    "Lines per level": {"info": 4, "error": 1},
    "Bytes per service": {
        "chat_api": 2 * len("message received") + len("no answer") + 2 * len("request"),
        "inference": len("generated") + len("failed") + 2 * len("request"),
    },
    "Lines whose time was repaired by the Collector": {"clock is wrong"},
}


@pytest.mark.usefixtures("requests")
@pytest.mark.parametrize("title", EXPECTED)
def test_a_query_of_the_guide_gives_the_right_answer(loki: Loki, title: str) -> None:
    """The query under this heading finds exactly what it says."""
    expected = EXPECTED[title]
    if isinstance(expected, set):
        rows = [row for row in loki.rows(QUERIES[title]) if row.labels.get("k8s_container_name") == "guide"]
        assert {row.line for row in rows} == expected
    else:
        series = loki.value(QUERIES[title])
        assert {"".join(value for _, value in labels): n for labels, n in series.items()} == pytest.approx(expected)


def test_no_query_of_the_guide_is_untested() -> None:
    """The headings of the guide are the cases of this file."""
    assert QUERIES.keys() == EXPECTED.keys()


@pytest.mark.usefixtures("requests")
def test_a_trace_id_finds_the_lines_of_both_services(loki: Loki) -> None:
    """From the id in one log line to everything that the request did anywhere."""
    rows = loki.rows(f'{{service_name=~".+"}} | trace_id="{BAD}"')
    assert sorted(row.labels["service_name"] for row in rows) == ["chat_api"] * 3 + ["inference"] * 2


def test_restarts_and_users_add_no_stream(loki: Loki, logs: Path) -> None:
    """20 pods of one deployment, 1,000 users, every level: one stream."""
    for restart in range(20):
        pod = pod_log(logs, "steady", f"chat_steady-{restart:05d}_0f1e2d3c-1111-2222-3333-4444555566{restart:02d}")
        levels = ("debug", "info", "warning", "error", "critical")
        users = range(restart * 50, restart * 50 + 50)
        lines = (contract_line("x", service="steady", level=levels[user % 5], user_id=f"u{user}") for user in users)
        append(pod, *map(cri, lines))
    rows = await_rows(loki, '{service_name="steady"}', 1000)
    assert len({row.metadata["user_id"] for row in rows}) == len(rows) == 1000
    assert len({row.metadata["k8s_pod_name"] for row in rows}) == 20
    assert [stream for stream in loki.streams() if stream["service_name"] == "steady"] == [
        {"service_name": "steady", "k8s_namespace_name": "chat", "k8s_container_name": "steady"}
    ]
