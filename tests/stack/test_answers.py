# SPDX-License-Identifier: Apache-2.0
"""What a store, or whatever stands before it, answers, and what then happens to a line; docs/collector.md has the table."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from testbed.collector import Collector, reading
from testbed.faulty_proxy import Fault, FaultyProxy
from testbed.lines import append, contract_line, cri, pod_log
from testbed.loki import Loki, await_rows
from testbed.no_loss import Store
from testbed.server import REPOSITORY, eventually

# Who answers so: a token that is wrong or replaced, a tenant that is missing, a route or an ingress that is not there yet, a
# proxy's limit of size or rate, a store that starts, is overloaded, full or broken. None of it is about the line.
WAITS = (401, 403, 404, 405, 407, 408, 413, 429, 500, 502, 503, 504, 507, 529)
# What the store says of the line itself: it would say so again.
REFUSED_FOR_GOOD = (400, 422)
FAILED = "otelcol_exporter_send_failed_log_records_total"


@pytest.fixture(scope="module")
def proxy(store: Store) -> Iterator[FaultyProxy]:
    """What stands before the store."""
    with FaultyProxy(store.url) as running:
        yield running


@pytest.fixture(scope="module")
def behind(
    proxy: FaultyProxy, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Collector, Path]]:
    """A Collector that writes through it, and the file that it reads."""
    folder = tmp_path_factory.mktemp("answers")
    through = {"LOKI_OTLP_ENDPOINT": store.otlp.replace(store.url, proxy.url)}
    with Collector(folder / "collector", store.variables | reading(folder, store) | through) as running:
        yield running, pod_log(folder)


@pytest.mark.parametrize("status", WAITS)
def test_a_line_waits(behind: tuple[Collector, Path], proxy: FaultyProxy, store: Store, status: int) -> None:
    """The store's door answers so for a while: the line is there afterwards, and nothing counts as failed."""
    collector, file = behind
    service = f"answer-{status}-{uuid4().hex[:8]}"
    before = collector.metrics().value(FAILED)
    proxy.fault = Fault(status)
    append(file, cri(contract_line(service=service, number=1)))
    eventually(lambda: proxy.answers[status])
    proxy.fault = Fault()
    eventually(lambda: store.stored(service) == 1, 30.0)
    assert collector.metrics().value(FAILED) == before


@pytest.mark.parametrize("status", REFUSED_FOR_GOOD)
def test_a_line_that_the_store_refuses_is_counted_and_said_and_blocks_nothing(
    behind: tuple[Collector, Path], proxy: FaultyProxy, store: Store, status: int
) -> None:
    """It is lost, but not silently; the next one arrives."""
    collector, file = behind
    service = f"answer-{status}-{uuid4().hex[:8]}"
    before = collector.metrics().value(FAILED)
    proxy.fault = Fault(status)
    append(file, cri(contract_line("refused", service=service, number=0)))
    eventually(lambda: collector.metrics().value(FAILED) == before + 1)
    proxy.fault = Fault()
    append(file, cri(contract_line("next", service=service, number=1)))
    eventually(lambda: store.numbers(service) == [1])
    assert collector.process is not None
    collector.process.wait_for_line(rf"Exporting failed.*Dropping data.*HTTP Status Code {status}")


def test_the_table_of_the_page_is_what_is_tested() -> None:
    """Every status of the tests is in the documented table, in the row of what happens."""
    page = (REPOSITORY / "docs" / "collector.md").read_text()
    rows = dict(re.findall(r"^\| ((?:\d{3}, )*\d{3}[^|]*) \| ([^|]+) \|", page, re.MULTILINE))
    found = {int(status): what for statuses, what in rows.items() for status in re.findall(r"\d{3}", statuses)}
    assert {status for status, what in found.items() if what.startswith("waits")} == set(WAITS)
    assert {status for status, what in found.items() if what.startswith("lost")} == set(REFUSED_FOR_GOOD)


class Agent(Collector):
    """The agent, on a machine that is no node: it asks no Kubernetes for the pods' names."""

    def command(self) -> Sequence[str]:
        return [*super().command(), "--config=yaml:processors::k8s_attributes::passthrough: true"]


class Pair:
    """An agent and the gateway that it sends to, each with a token file of its own, and the agent's log file."""

    def __init__(self, loki: Loki, folder: Path, given: str, asked: str) -> None:
        self.given, self.asked = folder / "given", folder / "asked"
        self.given.write_text(given)
        self.asked.write_text(asked)
        self.gateway = Collector(
            folder / "gateway", loki.variables | {"COLLECTOR_TOKEN_FILE": str(self.asked)}, "gateway"
        )
        to = {"GATEWAY_ENDPOINT": self.gateway.otlp_http, "GATEWAY_TOKEN_FILE": str(self.given)}
        self.agent = Agent(folder / "agent", reading(folder, loki) | to | {"K8S_NODE_NAME": "node"}, "agent")
        self.service = f"token-{uuid4().hex[:8]}"
        self._file = pod_log(folder, self.service)  # whose container is what its lines' service is

    def log(self, *messages: str) -> None:
        append(self._file, *(cri(contract_line(message, service=self.service)) for message in messages))

    def refused(self) -> bool:
        process = self.agent.process
        return process is not None and any("HTTP Status Code 401" in line for line in process.stderr)


@pytest.fixture
def pair(loki: Loki, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Both running; the parameter is what the agent has and what the gateway asks for."""
    pair = Pair(loki, tmp_path, *request.param)
    with pair.gateway, pair.agent:
        yield pair


@pytest.mark.parametrize("pair", [("wrong", "right")], indirect=True, ids=["wrong"])
def test_lines_wait_while_the_agents_token_is_wrong(pair: Pair, loki: Loki) -> None:
    """1,000 lines that the gateway answers with 401; the right token is put into the file, and all arrive: no restart."""
    pair.log(*(f"line {number}" for number in range(1000)))
    eventually(pair.refused)
    pair.given.write_text("right")
    rows = await_rows(loki, f'{{service_name="{pair.service}"}}', 1000, 40.0)
    assert len({row.line for row in rows}) == 1000
    assert pair.agent.metrics().value(FAILED) == 0


@pytest.mark.parametrize("pair", [("old", "old")], indirect=True, ids=["replaced"])
def test_a_token_is_replaced_under_way(pair: Pair, loki: Loki) -> None:
    """The gateway has the new one first, as it may in a cluster, where each node learns of a Secret in its own time."""
    selector = f'{{service_name="{pair.service}"}}'
    pair.log("before")
    await_rows(loki, selector, 1)
    pair.asked.write_text("new")
    eventually(lambda: pair.log("between") or pair.refused())
    pair.given.write_text("new")
    pair.log("after")
    eventually(lambda: "after" in {row.line for row in loki.rows(selector)}, 40.0)
    assert {row.line for row in loki.rows(selector)} == {"before", "between", "after"}
    assert pair.agent.metrics().value(FAILED) == 0


@pytest.mark.parametrize("pair", [("old", "old")], indirect=True, ids=["two"])
def test_with_two_tokens_in_the_file_nobody_is_ever_refused(pair: Pair, loki: Loki) -> None:
    """The way for the official image, which drops what 401 answers: old, then both, then both turned round, then new."""
    selector = f'{{service_name="{pair.service}"}}'
    assert pair.gateway.process is not None
    assert pair.agent.process is not None
    for number, token in enumerate(("old\nnew\n", "new\nold\n", "new\n"), 1):
        pair.asked.write_text(token)
        pair.gateway.process.wait_for(lambda p, n=number: sum("refresh token" in line for line in p.stderr) >= n)
        pair.given.write_text(token)
        pair.agent.process.wait_for(lambda p, n=number: sum("refresh token" in line for line in p.stderr) >= n)
        pair.log(f"line {number}")
        await_rows(loki, selector, number)
    assert not pair.refused()


@pytest.mark.parametrize("pair", [("same", "same")], indirect=True, ids=["claims"])
def test_a_sender_of_otlp_cannot_claim_another_pod(pair: Pair, loki: Loki) -> None:
    """What it says of its own pod is not believed; a file's path is."""
    claimed = {
        "service.name": pair.service,
        "k8s.namespace.name": "victim",
        "k8s.pod.uid": "u",
        "k8s.deployment.name": "billing",
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in claimed.items()]
    logs = [{"logRecords": [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "forged"}}]}]
    body = json.dumps({"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": logs}]}).encode()
    request = urllib.request.Request(f"{pair.agent.otlp_http}/v1/logs", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    pair.log("from a file")
    rows = {row.line: row for row in await_rows(loki, f'{{service_name="{pair.service}"}}', 2)}
    assert rows["forged"].labels == {"service_name": pair.service}
    assert rows["from a file"].labels["k8s_namespace_name"] == "chat"
