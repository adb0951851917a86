# SPDX-License-Identifier: Apache-2.0
"""The default patterns over what a node's /var/log really holds, and compose.yaml's over Docker's folder."""

import json
import os
import time
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from testbed.collector import Collector, reading
from testbed.faulty_proxy import Fault, FaultyProxy
from testbed.lines import append, contract_line, cri, docker, pod_log
from testbed.loki import Loki, await_rows
from testbed.server import REPOSITORY, eventually

UID = "0f1e2d3c-1111-2222-3333-444455556666"
COLLECTOR_SERVICE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]["collector"]
ACCEPTED = "otelcol_receiver_accepted_log_records_total"


@pytest.fixture
def name() -> str:
    """What the names of a test begin with."""
    return f"node-{uuid4().hex[:8]}"


def test_a_nodes_lines_arrive_once_and_with_their_pods(loki: Loki, tmp_path: Path, name: str) -> None:
    """41 pods with the kubelet's links, rotated files, an application's folder: every line once, none by its link."""
    pods = [pod_log(tmp_path, "app", f"{name}_web-{number}_{UID}") for number in range(41)]
    for number, pod in enumerate(pods):
        append(
            pod.with_name("0.log.20261130-101010"), *(cri(contract_line(f"old {n}", service=name)) for n in range(20))
        )
        append(pod, *(cri(contract_line(f"line {n}", service=name, number=number)) for n in range(40)))
    append(tmp_path / "log" / name / "app.log", contract_line("of a file", service=name))
    with Collector(tmp_path / "collector", reading(tmp_path, loki)) as collector:
        rows = await_rows(loki, f'{{service_name="{name}"}}', 41 * 60 + 1)
        for pod in pods:
            append(pod, cri(contract_line("later", service=name)))
        rows = await_rows(loki, f'{{service_name="{name}"}}', 41 * 61 + 1)
        assert collector.metrics().value(ACCEPTED) == len(rows) == 41 * 61 + 1
    of_pods = [row for row in rows if row.line != "of a file"]
    assert {row.labels.get("k8s_namespace_name") for row in of_pods} == {name}
    assert len({row.metadata["k8s_pod_name"] for row in of_pods}) == 41
    assert {row.metadata["level"] for row in rows} == {"info"}
    assert [row for row in loki.rows('{service_name="containers"}') if name in str(row)] == []


def test_kubernetes_on_docker_is_read_as_containerd_is(loki: Loki, tmp_path: Path, name: str) -> None:
    """cri-dockerd: the pod's file is a link to Docker's; pieces of a long line are joined, line ends taken off."""
    file = tmp_path / "docker" / "containers" / uuid4().hex / "x-json.log"
    pod = pod_log(tmp_path, "app", f"{name}_web-1_{UID}")
    pod.symlink_to(file)
    cut = contract_line("cut", service=name, note="x" * 20_000)
    append(
        file,
        docker(contract_line("whole", service=name)),
        docker(cut[:16_384], end=""),
        docker(cut[16_384:]),
        docker("text"),
    )
    with Collector(tmp_path / "collector", reading(tmp_path, loki)):
        rows = await_rows(loki, f'{{k8s_namespace_name="{name}"}}', 3)
    assert sorted(row.line for row in rows) == ["cut", "text", "whole"]
    assert {row.metadata["k8s_pod_name"] for row in rows} == {"web-1"}


def test_what_is_compressed_or_not_finished_is_not_read(loki: Loki, tmp_path: Path, name: str) -> None:
    """What the kubelet and logrotate leave beside the files."""
    pod = pod_log(tmp_path, "app", f"{name}_web-1_{UID}")
    for ending in (".gz", ".xz", ".bz2", ".zst", ".tmp"):
        append(pod.with_name(f"0.log.20261130-101010{ending}"), cri(f"not this {ending}"))
    append(pod, cri("this"))
    with Collector(tmp_path / "collector", reading(tmp_path, loki)):
        assert [row.line for row in await_rows(loki, f'{{k8s_namespace_name="{name}"}}', 1)] == ["this"]


def test_a_fifo_among_the_files_stops_nothing(loki: Loki, tmp_path: Path, name: str) -> None:
    """To open one waits for its writer; our build leaves it alone."""
    pod = pod_log(tmp_path, "app", f"{name}_web-1_{UID}")
    os.mkfifo(pod.with_name("1.log"))
    append(pod, cri("first"))
    with Collector(tmp_path / "collector", reading(tmp_path, loki)):
        await_rows(loki, f'{{k8s_namespace_name="{name}"}}', 1)
        append(pod, cri("second"))
        await_rows(loki, f'{{k8s_namespace_name="{name}"}}', 2)


def test_a_refused_record_does_not_feed_itself(loki: Loki, tmp_path: Path, name: str) -> None:
    """The agent's own log lies among the pods' and has a link too; it says that a record was refused, and is not read."""
    own = pod_log(tmp_path, "otc-container", f"monitoring_otel-collector-agent-x_{UID}")
    with FaultyProxy(loki.url) as proxy:
        proxy.fault = Fault(400)
        with Collector(tmp_path / "collector", loki.variables | reading(tmp_path, f"{proxy.url}/otlp")) as collector:
            append(pod_log(tmp_path, "app", f"{name}_web-1_{UID}"), cri("refused"))
            eventually(lambda: proxy.answers[400])
            said = collector.process.stderr if collector.process else []
            assert any("400" in line for line in said)
            append(own, *map(cri, said))
            time.sleep(2.0)  # that nothing happens can only be waited for
            assert collector.metrics().value(ACCEPTED) == 1
            assert proxy.answers[400] == 1


def test_composes_patterns_read_dockers_files_but_not_the_collectors_own(loki: Loki, tmp_path: Path, name: str) -> None:
    """compose.yaml's own variable over Docker's layout: its envelope and pieces leave no trace.

    Which of the files is the Collector's nobody can tell by its name, so it has none: another logging driver keeps its lines
    elsewhere (`local-logs/container.log`), where `docker compose logs` finds them.
    """
    root = tmp_path / "containers"
    patterns = COLLECTOR_SERVICE["environment"]["COLLECTOR_LOG_FILES"].replace("/var/lib/docker/containers", str(root))
    whole, cut = contract_line("whole", service=name), contract_line("cut", service=name)
    container = uuid4().hex
    append(root / container / f"{container}-json.log", docker(whole), docker(cut[:40], end=""), docker(cut[40:]))
    append(
        root / "own" / "local-logs" / "container.log", json.dumps({"service": name, "message": "the Collector's own"})
    )
    with Collector(tmp_path / "collector", loki.variables | {"COLLECTOR_LOG_FILES": patterns}):
        assert [row.line for row in await_rows(loki, f'{{service_name="{name}"}}', 2)] == ["whole", "cut"]
    assert COLLECTOR_SERVICE["logging"] == {"driver": "local"}
