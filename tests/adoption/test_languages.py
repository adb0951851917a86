# SPDX-License-Identifier: Apache-2.0
"""One id from a browser's request to the last service, through Node, Python and Rust, in lines of one contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.adopt_page import REPOSITORY, questions
from testbed.collector import Collector, reading
from testbed.lines import append, cri, pod_log
from testbed.loki import Loki, Row, await_rows, loki_for_tests
from testbed.processes import Process, free_port
from testbed.services import Service

from otel_distro.logs.contract import check

EXAMPLES = REPOSITORY / "examples"
BUILD_SECONDS = 900
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "otel-distro"
TRACE = "5e" * 16
# What the questions of docs/adopt.md name: a request that is answered, and one that the last service refuses.
ANSWERED, REFUSED = "7b" * 16, "7c" * 16
UID = "0f1e2d3c-1111-2222-3333-444455556666"
TODAY = frozenset({"service_name", "k8s_namespace_name", "k8s_container_name"})
CLASSIC = frozenset({"namespace", "app", "container", "service", "level"})
PLACES = ("level", "trace_id", "span_id", "request_id", "correlation_id", "logger")


def built(command: list[str], directory: Path, **environment: str) -> None:
    """Run a command of another toolchain, whose output is in the message if it fails."""
    result = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front in Node, installed, built, and tested by its own tests."""
    folder = tmp_path_factory.mktemp("frontend") / "frontend"
    shutil.copytree(EXAMPLES / "frontend", folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    built(["npm", "ci", "--no-audit", "--no-fund"], folder)
    built(["npm", "test"], folder)
    return folder


@pytest.fixture(scope="module")
def worker() -> Path:
    """The worker in Rust, built once into the user's cache, and tested by its own tests."""
    target = CACHE / "rust-worker"
    built(["cargo", "test", "--locked"], EXAMPLES / "rust-worker", CARGO_TARGET_DIR=str(target))
    return target / "debug" / "rust-worker"


class Chain:
    """frontend -> chat_api -> rust_worker."""

    def __init__(self, front: Process, chat: Service, worker: Process, url: str) -> None:
        self.services = {"frontend": front, "chat_api": chat, "rust_worker": worker}
        self.url = url

    def ask(self, text: str = "hello", **headers: str) -> httpx.Response:
        """Ask as a browser does."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            f"{self.url}/rooms/lobby/messages", json={"text": text, "user_id": "ada"}, headers=names, timeout=60
        )

    def lines(self, text: str) -> dict[str, list[str]]:
        """Return the lines that have a text, by service, once each service has its access event."""
        for service in self.services.values():
            service.wait_for(lambda p: any(text in line and '"duration_ms"' in line for line in p.stdout), 60)
        return {name: [line for line in each.stdout if text in line] for name, each in self.services.items()}


@pytest.fixture(scope="module")
def chain(frontend: Path, worker: Path) -> Iterator[Chain]:
    """The three services."""
    last, front = free_port(), free_port()
    with ExitStack() as parts:
        inference = parts.enter_context(Process([str(worker)], {"PORT": str(last), "OTEL_SERVICE_NAME": "rust_worker"}))
        variables = {"OTEL_SERVICE_NAME": "chat_api", "INFERENCE_URL": f"http://localhost:{last}"}
        variables["OTEL_TRACES_EXPORTER"] = "none"
        chat = parts.enter_context(Service("chat_api:app", EXAMPLES / "chat", variables, timeout=60))
        variables = {"PORT": str(front), "OTEL_SERVICE_NAME": "frontend", "CHAT_URL": chat.url}
        node = parts.enter_context(Process(["node", "dist/src/server.js"], variables, frontend))
        node.wait_for_port(front)
        inference.wait_for_port(last)
        yield Chain(node, chat, inference, f"http://127.0.0.1:{front}")


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ({}, ("x-trace-id", "x-request-id", "x-correlation-id")),
        ({"x_trace_id": TRACE}, ("x-trace-id", "x-request-id", "x-correlation-id")),
        ({"traceparent": f"00-{'6f' * 16}-{'b7' * 8}-01"}, ("x-trace-id",)),
        ({"x_request_id": "req-front-1"}, ("x-request-id", "x-trace-id")),
        ({"x_trace_id": "front-trace-0001"}, ("x-correlation-id", "x-trace-id")),
    ],
)
def test_one_id_is_on_lines_of_three_languages(chain: Chain, headers: dict[str, str], names: tuple[str, ...]):
    answer = chain.ask(**headers)
    assert (answer.status_code, answer.json()["answer"]) == (200, "You said: hello")
    sent = [value.split("-")[1] if name == "traceparent" else value for name, value in headers.items()]
    assert set(sent) <= set(answer.headers.values())
    for name in names:
        found = chain.lines(answer.headers[name])
        assert {service: len(lines) >= 2 for service, lines in found.items()} == dict.fromkeys(chain.services, True)


def test_every_line_of_every_language_keeps_the_contract(chain: Chain):
    chain.lines(chain.ask().headers["x-trace-id"])
    chain.ask("")
    lines = {name: [line for line in each.stdout if line] for name, each in chain.services.items()}
    assert all(len(found) >= 3 for found in lines.values())
    assert {name: list(check(found)) for name, found in lines.items()} == {name: [] for name in lines}


def test_a_failure_travels_back_with_its_id(chain: Chain):
    answer = chain.ask("", x_trace_id="7a" * 16)
    assert (answer.status_code, answer.headers["x-trace-id"]) == (502, "7a" * 16)
    found = chain.lines("7a" * 16)
    (refused,) = [line for line in found["rust_worker"] if '"status_code":422' in line]
    assert '"level":"warning"' in refused
    assert sum('"level":"error"' in line for line in found["chat_api"]) == 2
    assert sum('"level":"error"' in line for line in found["frontend"]) == 1


# A question of the table of docs/adopt.md -> whether a line answers it, as one would say without LogQL.
ANSWERS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "all lines of one request": lambda line: line.get("trace_id") == ANSWERED,
    "by the id that the browser has given it": lambda line: line.get("correlation_id") == "front-trace-0002",
    "by a request id, in two of the services": (
        lambda line: line.get("request_id") == "order-4711" and line["service"] != "chat_api"
    ),
    "one service": lambda line: line["service"] == "rust_worker",
    "errors of all services": lambda line: line["level"] == "error",
    "warnings and errors of all services": lambda line: line["level"] in {"warning", "error", "critical"},
    "errors of one request": lambda line: line.get("trace_id") == REFUSED and line["level"] == "error",
    "requests that failed, in each service that they reached": lambda line: line.get("status_code", 0) >= 400,
    "which services a request has reached, with how many lines": lambda line: line.get("trace_id") == ANSWERED,
    "errors by service": lambda line: line["level"] == "error",
}
ROWS = questions("One question to Python, Node and Rust")[1:]


@pytest.fixture(scope="module")
def written(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """What the three have written for three requests and before, in containers' logs, as the kubelet lays them out."""
    chain.ask(x_trace_id=ANSWERED)
    chain.ask("", x_trace_id=REFUSED)
    chain.ask(x_trace_id="front-trace-0002", x_request_id="order-4711")
    for text in (ANSWERED, REFUSED, "order-4711"):
        chain.lines(text)
    root = tmp_path_factory.mktemp("node")
    given = {name: [line for line in each.stdout if line] for name, each in chain.services.items()}
    for name, lines in given.items():
        container = name.replace("_", "-")
        append(pod_log(root, container, f"samosa_{container}-7d9f_{UID}"), *map(cri, lines))
    return root, [json.loads(line) for lines in given.values() for line in lines]


@pytest.fixture(scope="module", params=["of today", "classic"])
def asked(request, written: tuple[Path, list[dict[str, Any]]], tmp_path_factory) -> Iterator[tuple[str, Loki]]:
    """What answers as Loki does, behind the Collector in one of its two ways."""
    root, lines = written
    folder = tmp_path_factory.mktemp("asked")
    with loki_for_tests(folder / "loki") as loki:
        variables = {**reading(root, loki), "COLLECTOR_CLASSIC_LABELS": str(request.param == "classic").lower()}
        with Collector(folder / "collector", variables):
            await_rows(loki, '{service_name=~".+"}', len(lines), 60)
            yield request.param, loki


def test_what_the_three_wrote_arrives_once_with_level_service_and_ids_in_their_places(asked, written):
    way, loki = asked
    rows, lines = loki.rows('{service_name=~".+"}'), written[1]
    assert {line["service"] for line in lines} == {"frontend", "chat_api", "rust_worker"}
    assert Counter(map(_arrived, rows)) == Counter(map(_written, lines))
    labels = TODAY | (CLASSIC if way == "classic" else frozenset())
    assert {frozenset(row.labels) for row in rows} == {labels}
    assert {row.labels["k8s_container_name"] for row in rows} == {"frontend", "chat-api", "rust-worker"}
    if way == "classic":
        assert {row.labels["level"] for row in rows} == {"info", "warning", "error"}
        assert all(row.labels["level"] == row.metadata["level"] for row in rows)


def _arrived(row: Row) -> tuple[object, ...]:
    return row.labels["service_name"], row.time // 1000, row.line, *map(row.metadata.get, PLACES)


def _written(line: Mapping[str, Any]) -> tuple[object, ...]:
    at = datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00"))
    microseconds = (at - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    return line["service"], microseconds, line["message"], *map(line.get, PLACES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_one_question_finds_the_lines_of_every_language(asked, written, row):
    way, loki = asked
    question, today, classic, services = row
    expected = [line for line in written[1] if ANSWERS[question](line)]
    assert {line["service"] for line in expected} == set(services.split(", "))
    for query in (today, classic) if way == "classic" else (today,):
        if query.startswith("sum"):
            found = {labels[0][1]: count for labels, count in loki.value(query).items()}
            assert found == Counter(line["service"] for line in expected)
        else:
            assert Counter(map(_arrived, loki.rows(query))) == Counter(map(_written, expected))


def test_the_habits_that_the_page_says_end_do_end(asked):
    _, loki = asked
    assert loki.rows(f'{{service_name=~".+"}} |= "{ANSWERED}"') == []
    with pytest.raises(RuntimeError, match="JSONParserErr"):
        loki.value(f'sum(count_over_time({{service_name=~".+"}} | json | trace_id="{ANSWERED}" [1h]))')


def test_every_question_of_the_page_is_asked():
    assert [row[0] for row in ROWS] == list(ANSWERS)
